//go:build unix

package safefile_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/safefile"
)

func fifo(t *testing.T, path string) string {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	return path
}

func TestWhatWaitsOrNeverEndsIsNeitherReadNorReplaced(t *testing.T) {
	dir := t.TempDir()
	pipe := fifo(t, filepath.Join(dir, "pipe"))
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	for path, words := range map[string]string{
		pipe:   "it is a pipe: give a regular file, or a link to one",
		socket: "it is a socket",
		link(t, pipe, filepath.Join(dir, "to-pipe")): "it is a pipe",
		"/dev/zero": "it is a device",
		"/dev/null": "it is a device",
		link(t, "/dev/zero", filepath.Join(dir, "to-zero")): "it is a device",
	} {
		_, err := safefile.Read(t.Context(), path, rules)
		refused(t, err, path, words)
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, safefile.Replace(path, []byte("new"), limit, whatever), path, words)
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s was replaced, %v", path, err)
		}
	}
	alone(t, dir, "pipe", "s", "to-pipe", "to-zero")
}

func TestAPipeThatAPersonNamedIsReadToItsEnd(t *testing.T) {
	named := safefile.Rules{Limit: 10, Pipe: true}
	for text, fits := range map[string]bool{"a token": true, "": true, "longer than it": false} {
		path := fifo(t, filepath.Join(t.TempDir(), "pipe")) // what was not read of one stays in it
		go func() {
			f, err := os.OpenFile(path, os.O_WRONLY, 0) // when it is read
			if err == nil {
				_, _ = f.WriteString(text)
				_ = f.Close()
			}
		}()
		f, err := safefile.Read(t.Context(), path, named)
		switch {
		case !fits:
			refused(t, err, path, "it has more bytes")
		case err != nil || string(f.Data) != text:
			t.Errorf("%+v, %v", f, err)
		}
	}
	_, err := safefile.Read(t.Context(), "/dev/zero", named)
	refused(t, err, "/dev/zero", "it is a device")
}

func TestWhoElseMayReadAndWriteIsTold(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "file"), "x")
	for mode, want := range map[os.FileMode][2]bool{0o600: {}, 0o640: {}, 0o660: {}, 0o644: {true, false}, 0o602: {false, true}, 0o666: {true, true}} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		f, err := safefile.Read(t.Context(), path, rules)
		if err != nil || f.Public() != want[0] || f.Writable() != want[1] {
			t.Errorf("%o: %v %v, %v", mode, f.Public(), f.Writable(), err)
		}
	}
}

func TestAFileThatSomebodyElseMayHaveWrittenIsNotRead(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "file"), "x")
	own := safefile.Rules{Limit: limit, Own: true}
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666, 0o777, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := safefile.Read(t.Context(), path, own)
		refused(t, err, path, fmt.Sprintf("others can write it (mode %04o): remove it, or set its mode to 0600", mode))
		if _, err := safefile.Read(t.Context(), path, rules); err != nil {
			t.Error(err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o644, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := safefile.Read(t.Context(), path, own); err != nil {
			t.Errorf("%o: %v", mode, err)
		}
	}
	if err := os.Chown(path, 12345, -1); err != nil {
		t.Skip(err)
	}
	_, err := safefile.Read(t.Context(), path, own)
	refused(t, err, path, "it belongs to user 12345, and this process runs as user 0: remove it, or give it to this user")
	refused(t, safefile.Replace(path, nil, limit, whatever), path, "it belongs to user 12345")
	holds(t, path, "x")
}

func TestALinkThatSomebodyElseMayHaveMadeIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	victim := put(t, filepath.Join(dir, "victim"), "precious")
	path := link(t, victim, filepath.Join(open, "state"))
	for _, mode := range []os.FileMode{0o777, 0o777 | os.ModeSticky, 0o702} {
		if err := os.Chmod(open, mode); err != nil {
			t.Fatal(err)
		}
		refused(t, safefile.Replace(path, []byte("new"), limit, whatever), path, "it is a link in a directory that everybody can write")
	}
	t.Chdir(open)
	refused(t, safefile.Replace("state", []byte("new"), limit, whatever), "state", "everybody can write")
	holds(t, victim, "precious", "open")
	if err := os.Chmod(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(path, 12345, -1); err != nil {
		t.Skip(err)
	}
	refused(t, safefile.Replace(path, []byte("new"), limit, whatever), path, "it is a link of user 12345")
	holds(t, victim, "precious", "open")
	// What is there without a link is this process's own.
	if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := safefile.Replace(filepath.Join(open, "plain"), []byte("new"), limit, none); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatIsKilledLeavesNothingForLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for range 5 {
		saver := exec.Command(os.Args[0])
		saver.Env = append(os.Environ(), saverVariable+"="+path)
		out, err := saver.StdoutPipe()
		if err == nil {
			err = saver.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range 3 {
			if !lines.Scan() || lines.Text() != "saved" {
				t.Errorf("%q, %v", lines.Text(), lines.Err())
			}
		}
		if err := saver.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
		}
		_ = saver.Wait() // killed
		got, err := os.ReadFile(path)
		if err != nil || len(got) != 64<<10 || bytes.Count(got, got[:1]) != len(got) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	if err := safefile.Replace(path, []byte("new"), limit, none); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
}

func TestAFileThatIsBeingWrittenIsNotSwept(t *testing.T) {
	dir := t.TempDir()
	writing, err := os.Create(filepath.Join(dir, ".file.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer writing.Close()
	if err := syscall.Flock(int(writing.Fd()), syscall.LOCK_EX); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(dir, "file")
	if err := safefile.Replace(path, []byte("new"), limit, none); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new", ".file.1")
	if err := writing.Close(); err != nil {
		t.Fatal(err)
	}
	if err := safefile.Replace(path, []byte("newer"), limit, none); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "newer")
}
