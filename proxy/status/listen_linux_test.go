package status_test

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/status"
)

// A process that does not come to accept connections, and has as many as may wait, still listens.
func TestTheSocketOfABusyProcessIsNotTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for { // until no more may wait
		conn, err := net.Dial("unix", path)
		if err != nil {
			break
		}
		defer conn.Close()
	}
	if l, err := status.Listen("unix:" + path); err == nil || !strings.Contains(err.Error(), "another process may listen there") {
		t.Errorf("%v, %v", l, err)
	}
}
