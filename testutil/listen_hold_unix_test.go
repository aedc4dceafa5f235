//go:build unix

package testutil

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

func TestTheAddressOfADeadServerIsNotTaken(t *testing.T) {
	dead, alive := start(t, ServerConfig{}), start(t, ServerConfig{})
	dead.Kill()
	local, err := net.ResolveTCPAddr("tcp", dead.Addr())
	if err != nil {
		t.Fatal(err)
	}
	thief := net.Dialer{LocalAddr: local}
	c, err := thief.Dial("tcp", alive.Addr())
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a connection from the dead server's address: %v", err)
	}
	if err := dead.Restart(); err != nil {
		t.Error(err)
	}
}
