package status_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestOnlyTheLoopbackIsListenedAt(t *testing.T) {
	for _, addr := range []string{"", ":0", "0.0.0.0:0", "[::]:0", "10.0.0.1:0", "example.com:0", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "[::1", "unix:", "unix:@x", "unix:a\x00b", "http://127.0.0.1:1"} {
		l, err := status.Listen(addr)
		if _, ok := errors.AsType[*status.AddrError](err); !ok || l != nil {
			t.Errorf("%q: %v, %v", addr, l, err)
			continue
		}
		if !strings.Contains(err.Error(), "give ") {
			t.Errorf("%q: no advice in %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "127.1.2.3:0", "localhost:0", "LOCALHOST:0"} {
		l, err := status.Listen(addr)
		if err != nil {
			if !strings.HasPrefix(addr, "127.1") { // not everywhere is it an address of this machine
				t.Errorf("%q: %v", addr, err)
			}
			continue
		}
		if url := status.URL(l.Addr()); !strings.HasPrefix(url, "http://127.") && !strings.HasPrefix(url, "http://[::1]:") {
			t.Error(url)
		}
		_ = l.Close()
	}
	l, err := status.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := status.Listen(l.Addr().String()); err == nil {
		t.Error("the same address twice")
	}
}

func TestASocketIsForItsUserAndGroup(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such mode here")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "status")
	l, err := status.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if url := status.URL(l.Addr()); url != "unix:"+path {
		t.Error(url)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o660 || info.Mode().Type() != os.ModeSocket {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := status.Listen("unix:" + path); err == nil || !strings.Contains(err.Error(), "another process listens there") {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	_ = l.Close() // twice removes nothing of others
	if _, err := os.Lstat(path); err == nil {
		t.Error("it is left")
	}

	// One that a process has left behind is replaced; so is the one that it was about to make.
	for _, name := range []string{path, path + ".new"} {
		dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		dead.SetUnlinkOnClose(false)
		_ = dead.Close()
	}
	if l, err = status.Listen("unix:" + path); err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	end := serveAt(t, l, status.New(p, status.Config{}))
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := answerOn(t, conn, "GET /healthz HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n"); code != 200 {
		t.Errorf("%d: %s", code, body)
	}
	end()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}

	// What is no socket stays.
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := status.Listen("unix:" + path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := status.Listen("unix:" + filepath.Join(dir, "none", "status")); err == nil {
		t.Error("in a directory that is not there")
	}
	if _, err := status.Listen("unix:" + filepath.Join(dir, strings.Repeat("x", 300))); err == nil {
		t.Error("with a path that is too long")
	}
}

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{&status.AddrError{Addr: text, Reason: text, Err: cause}}
	})
}
