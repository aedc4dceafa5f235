package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// inDial is where a panic was, for the log.
const inDial = "Config.Dial"

// dialFunc opens a transport.
type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

var errNoConn = errors.New("Config.Dial returned neither a connection nor an error")

// containedDial is a dial of the agent's own, in a goroutine of its own, which it may end: a
// panic is an error, its errors are tame, and so are the connections unless they are those of
// package net.
func containedDial(dial dialFunc, log *logqueue.Logger) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialApart(ctx, dial, log, network, addr)
		switch conn.(type) {
		case nil, *net.TCPConn, *net.UnixConn:
			return conn, err
		}
		return newAgentConn(conn, log), nil
	}
}

// containedResolver is r whose Dial, if it has one, is the agent's own.
func containedResolver(r *net.Resolver, log *logqueue.Logger) *net.Resolver {
	if r == nil || r.Dial == nil {
		return r
	}
	return &net.Resolver{
		PreferGo: r.PreferGo, StrictErrors: r.StrictErrors,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialApart(ctx, r.Dial, log, network, addr)
		},
	}
}

// dialApart returns a connection or an error.
func dialApart(ctx context.Context, dial dialFunc, log *logqueue.Logger, network, addr string) (conn net.Conn, err error) {
	p := contain.Apart(func() { conn, err = dial(ctx, network, addr) })
	if p == nil {
		p, err = contain.Tame(err)
	} else {
		err = p
	}
	log.Panicked(inDial, p)
	switch {
	case err != nil:
		return nil, err
	case contain.IsNil(conn):
		return nil, errNoConn
	}
	return conn, nil
}

// agentConn is a connection of the agent's own type. Its panics are errors.
type agentConn struct {
	conn          net.Conn
	log           *logqueue.Logger
	local, remote net.Addr
}

func newAgentConn(conn net.Conn, log *logqueue.Logger) *agentConn {
	c := &agentConn{conn: conn, log: log}
	c.local, c.remote = c.addr(conn.LocalAddr), c.addr(conn.RemoteAddr)
	return c
}

// contained is deferred by each method: it sets err where the connection panics.
func (c *agentConn) contained(err *error) {
	v := recover()
	if v == nil && *err == nil {
		return
	}
	var p *contain.Panic
	if v != nil {
		p = contain.Recovered(v)
		*err = p
	} else {
		p, *err = contain.Tame(*err)
	}
	c.log.Panicked(inDial, p)
}

// countError reports that a Read or a Write returned a number that cannot be.
func countError(method string, n, most int) error {
	return fmt.Errorf("%s of a connection of Config.Dial returned %d of %d bytes", method, n, most)
}

func (c *agentConn) Read(b []byte) (n int, err error) {
	defer c.contained(&err)
	if n, err = c.conn.Read(b); n < 0 || n > len(b) {
		return 0, countError("Read", n, len(b))
	}
	return n, err
}

func (c *agentConn) Write(b []byte) (n int, err error) {
	defer c.contained(&err)
	if n, err = c.conn.Write(b); n < 0 || n > len(b) {
		return 0, countError("Write", n, len(b))
	}
	return n, err
}

func (c *agentConn) Close() (err error) {
	defer c.contained(&err)
	return c.conn.Close()
}

func (c *agentConn) SetDeadline(t time.Time) (err error) {
	defer c.contained(&err)
	return c.conn.SetDeadline(t)
}

func (c *agentConn) SetReadDeadline(t time.Time) (err error) {
	defer c.contained(&err)
	return c.conn.SetReadDeadline(t)
}

func (c *agentConn) SetWriteDeadline(t time.Time) (err error) {
	defer c.contained(&err)
	return c.conn.SetWriteDeadline(t)
}

func (c *agentConn) LocalAddr() net.Addr { return c.local }

func (c *agentConn) RemoteAddr() net.Addr { return c.remote }

// addr is an address of the connection, as a value.
func (c *agentConn) addr(of func() net.Addr) net.Addr {
	a := namedAddr{"unknown", "unknown"}
	c.log.Panicked(inDial, contain.Call(func() {
		if at := of(); !contain.IsNil(at) {
			a = namedAddr{at.Network(), at.String()}
		}
	}))
	return a
}

// namedAddr is the text of an address.
type namedAddr struct{ network, text string }

func (a namedAddr) Network() string { return a.network }

func (a namedAddr) String() string { return a.text }
