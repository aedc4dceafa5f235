package session

import (
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// LocalAddr is that of the session's transport.
func (c *Conn) LocalAddr() net.Addr { return c.session.conn.LocalAddr() }

// RemoteAddr is that of the session's transport.
func (c *Conn) RemoteAddr() net.Addr { return c.session.conn.RemoteAddr() }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.writeBy.Store(&t)
	return c.setDeadline(t, mux.Stream.SetDeadline)
}

// SetReadDeadline bounds pending and future reads; the zero time removes it.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.setDeadline(t, mux.Stream.SetReadDeadline)
}

// SetWriteDeadline bounds pending and future writes; the zero time removes it.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.Store(&t)
	return c.setDeadline(t, mux.Stream.SetWriteDeadline)
}

func (c *Conn) setDeadline(t time.Time, set func(mux.Stream, time.Time) error) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.inside.leave()
	err := set(c.stream, t)
	if c.ended.Load() != nil {
		_ = c.stream.SetDeadline(past) // the end, which wakes every caller, came in between
		return c.explain(net.ErrClosed)
	}
	return err
}
