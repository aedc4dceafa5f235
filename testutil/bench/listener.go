package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// listener accepts connections on loopback and serves each in a goroutine, until it
// is closed.
type listener struct {
	net.Listener
	served sync.WaitGroup
	ctx    context.Context // ends with the listener
	cancel context.CancelFunc
}

// listen serves until close. serve need not close its connection, and must return
// when the connection is closed.
func listen(serve func(conn net.Conn)) (*listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &listener{Listener: ln}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.served.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			l.served.Go(func() {
				defer context.AfterFunc(l.ctx, func() { _ = conn.Close() })()
				defer func() { _ = conn.Close() }() // it may be closed already
				serve(conn)
			})
		}
	})
	return l, nil
}

func (l *listener) addr() string { return l.Addr().String() }

// close closes all connections and waits until serve has returned.
func (l *listener) close() error {
	err := l.Close()
	l.cancel()
	l.served.Wait()
	return err
}

// dial connects a client that is not ours. With TLS it writes lead in the clear and
// then does the handshake.
func dial(ctx context.Context, addr string, t *tls.Config, lead ...byte) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return conn, nil
	}
	secured := tls.Client(conn, t)
	if _, err = conn.Write(lead); err == nil {
		err = secured.HandshakeContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secured, nil
}

// accept is the server side of dial.
func accept(conn net.Conn, t *tls.Config, lead ...byte) (net.Conn, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if t != nil {
		for range lead {
			if _, err := readByte(conn); err != nil {
				return nil, err
			}
		}
		secured := tls.Server(conn, t)
		if err := secured.Handshake(); err != nil {
			return nil, err
		}
		conn = secured
	}
	return conn, conn.SetReadDeadline(time.Time{})
}
