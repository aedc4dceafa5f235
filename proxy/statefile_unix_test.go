//go:build unix

package proxy_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// Whatever the state file is, the agent starts with its configured server, the log says
// what is wrong, nothing but the file is written, and Stop returns.
func TestAStateFileThatIsNoFileHoldsNothingUp(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	victim := at("victim")
	for _, err := range []error{
		syscall.Mkfifo(at("pipe"), 0o600), os.Mkdir(at("dir"), 0o700),
		os.Symlink("/dev/zero", at("zero")), os.Symlink("pipe", at("to-pipe")), os.Symlink("loop", at("loop")),
		os.WriteFile(victim, []byte("root:x"), 0o600), os.Symlink(victim, at("link")),
	} {
		if err != nil {
			t.Skip(err)
		}
	}
	for path, why := range map[string]string{
		at("pipe"): "it is a pipe", at("to-pipe"): "it is a pipe", at("dir"): "it is a directory",
		at("zero"): "it is a device", "/dev/full": "it is a device", at("loop"): "too many levels",
		at("link"): "damaged", at("none\x1b[2J/x"): `none\\x1b[2J/x`,
	} {
		log := make(lines, 100)
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path, Logger: zerolog.New(log)})
		holds(t, p, "a:4647")
		before, _ := os.Lstat(path)
		u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: time.Hour}
		if err := p.Heartbeat(within(t), u); err != nil {
			t.Fatal(err)
		}
		stop(t, p.Stop)
		close(log)
		told, saved := false, 0
		for line := range log {
			told = told || strings.Contains(line, why)
			if strings.Contains(line, "could not be saved") {
				saved++
			}
			if strings.ContainsRune(line, '\x1b') || strings.Contains(line, "u001b") {
				t.Errorf("%q", line)
			}
		}
		if !told || saved != 1 {
			t.Errorf("%q: %d warnings that it could not be saved, or none with %q", path, saved, why)
		}
		if after, _ := os.Lstat(path); before != nil && !os.SameFile(before, after) {
			t.Errorf("%q was replaced", path)
		}
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "root:x" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestAStateFileThatOthersMayHaveWrittenIsNotUsedAndIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	if err := lastgood.Save(path, []string{"evil:1"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	log := make(lines, 100)
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path, Logger: zerolog.New(log).Level(zerolog.WarnLevel)})
	holds(t, p, "a:4647")
	if n := log.with(p, "others can write it (mode 0666): remove it, or set its mode to 0600"); n != 1 {
		t.Errorf("%d warnings, want one", n)
	}
	u := messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "a", TTL: time.Hour}
	if err := p.Heartbeat(within(t), u); err != nil {
		t.Fatal(err)
	}
	kept(t, path, "a:4647", "b:4647")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAStateFileMayBeALinkToOne(t *testing.T) {
	dir, disk := t.TempDir(), t.TempDir()
	path, file := filepath.Join(dir, "servers.json"), filepath.Join(disk, "servers.json")
	if err := os.Symlink(file, path); err != nil {
		t.Skip(err)
	}
	for _, others := range [][]string{{"a", "b"}, {"a", "c"}} { // it is not there yet; it is
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), StateFile: path})
		if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(others...), LeaderRPCAddr: "a", TTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		stop(t, p.Stop)
		got, err := lastgood.Load(context.Background(), file)
		if err != nil || len(got) != 2 || got[1] != others[1]+":4647" {
			t.Errorf("kept %v, %v", got, err)
		}
	}
	if to, err := os.Readlink(path); err != nil || to != file {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}
