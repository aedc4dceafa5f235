//go:build unix

package status_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/status"
)

func TestAListenerThatEndsLeavesTheSocketOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status")
	first, err := status.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := status.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
}
