package testutil

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// listenTCP listens as net.Listen does, on an address that can be reserved at the same
// time.
func listenTCP(addr string) (net.Listener, error) {
	share := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) { err = shareAddr(fd) })
		return errors.Join(failed, err)
	}}
	return share.Listen(context.Background(), "tcp", addr)
}
