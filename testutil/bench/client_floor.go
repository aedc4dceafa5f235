package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// startFloor starts a server that reads messages of one size and sends back messages
// of the other: the least work of a round trip. Both sides know the sizes.
func startFloor(t *tls.Config, args, reply int) (*listener, error) {
	return listen(func(conn net.Conn) {
		conn, err := accept(conn, t)
		if err != nil {
			return
		}
		for message := make([]byte, max(args, reply)); ; {
			if _, err := io.ReadFull(conn, message[:args]); err != nil {
				return
			}
			if _, err := conn.Write(message[:reply]); err != nil {
				return
			}
		}
	})
}

// floorClient is a connection for each caller.
type floorClient struct {
	conns   []net.Conn
	replies [][]byte
}

func openFloor(ctx context.Context, addr string, t *tls.Config, callers, reply int) (*floorClient, error) {
	f := &floorClient{}
	for range callers {
		conn, err := plainclient.Connect(ctx, addr, t)
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		f.conns, f.replies = append(f.conns, conn), append(f.replies, make([]byte, reply))
	}
	return f, nil
}

func (f *floorClient) call(worker int, args []byte) error {
	if _, err := f.conns[worker].Write(args); err != nil {
		return err
	}
	_, err := io.ReadFull(f.conns[worker], f.replies[worker])
	return err
}

// close may be called twice.
func (f *floorClient) close() error {
	var errs []error
	for _, conn := range f.conns {
		if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
