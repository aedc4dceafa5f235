package main

import (
	"context"
	"crypto/tls"
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

// accept is the server side of plainclient.Connect: the TLS handshake, if t is set.
func accept(conn net.Conn, t *tls.Config) (net.Conn, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if t != nil {
		if _, err := readByte(conn); err != nil { // plainclient.ModeTLS
			return nil, err
		}
		secured := tls.Server(conn, t)
		if err := secured.Handshake(); err != nil {
			return nil, err
		}
		conn = secured
	}
	return conn, conn.SetReadDeadline(time.Time{})
}
