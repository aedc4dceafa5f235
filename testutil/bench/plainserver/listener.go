package plainserver

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// patience is the limit of a handshake.
const patience = 10 * time.Second

// Listener accepts connections on loopback and serves each in a goroutine, until it
// is closed.
type Listener struct {
	listener net.Listener
	served   sync.WaitGroup
	ctx      context.Context // ends with the listener
	cancel   context.CancelFunc
}

// Listen serves until Close. serve need not close its connection, and must return
// when the connection is closed. The error is that of net.Listen.
func Listen(serve func(conn net.Conn)) (*Listener, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Listener{listener: ln}
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

// Addr returns the address that clients dial.
func (l *Listener) Addr() string { return l.listener.Addr().String() }

// Close closes all connections and blocks until serve has returned. It may be called once.
func (l *Listener) Close() error {
	err := l.listener.Close()
	l.cancel()
	l.served.Wait()
	return err
}

// Secure is the server side of plainclient.Connect: the TLS handshake, unless t is nil. It blocks
// for 10 s at most. The error is that of the handshake, or of conn, which is not closed.
func Secure(conn net.Conn, t *tls.Config) (net.Conn, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if t != nil {
		if _, err := ReadByte(conn); err != nil { // plainclient.ModeTLS
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

// ReadByte reads one byte and no more. It blocks as r does; the error is that of r.
func ReadByte(r io.Reader) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}
