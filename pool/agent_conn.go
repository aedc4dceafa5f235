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

// containedResolver is r whose Dial, if it has one, is the agent's own, and so are its
// connections: package net uses them in goroutines of its own, whose panic would end the process.
func containedResolver(r *net.Resolver, log *logqueue.Logger) *net.Resolver {
	if r == nil || r.Dial == nil {
		return r
	}
	return &net.Resolver{
		PreferGo: r.PreferGo, StrictErrors: r.StrictErrors,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialApart(ctx, r.Dial, log, network, addr)
			return asResolverConn(conn, log), err
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

// agentConn is a connection of the agent's own type. Its methods run in goroutines of their
// own, which they may end: the caller's may hold the right to write, or be one without which
// a session does not end. Their panics are errors.
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

// agentPackets is an agentConn that carries packets, to a name server.
type agentPackets struct {
	*agentConn
	packets net.PacketConn
}

// asResolverConn is a connection for package net's resolver, which takes one that carries
// packets for UDP.
func asResolverConn(conn net.Conn, log *logqueue.Logger) net.Conn {
	switch conn.(type) {
	case nil, *net.TCPConn, *net.UnixConn, *net.UDPConn:
		return conn
	}
	c := newAgentConn(conn, log)
	if packets, is := conn.(net.PacketConn); is {
		return &agentPackets{agentConn: c, packets: packets}
	}
	return c
}

// contained calls a method.
func (c *agentConn) contained(method func() error) (err error) {
	p := contain.Apart(func() { err = method() })
	if p == nil {
		p, err = contain.Tame(err)
	} else {
		err = p
	}
	c.log.Panicked(inDial, p)
	return err
}

// counted calls a method that says how many bytes of b it has taken or filled.
func (c *agentConn) counted(name string, b []byte, method func() (int, error)) (moved int, err error) {
	err = c.contained(func() (err error) {
		if moved, err = method(); moved < 0 || moved > len(b) {
			moved, err = 0, fmt.Errorf("%s of a connection of Config.Dial returned %d of %d bytes", name, moved, len(b))
		}
		return err
	})
	return moved, err
}

func (c *agentConn) Read(b []byte) (int, error) {
	return c.counted("Read", b, func() (int, error) { return c.conn.Read(b) })
}

func (c *agentConn) Write(b []byte) (int, error) {
	return c.counted("Write", b, func() (int, error) { return c.conn.Write(b) })
}

func (c *agentConn) Close() error { return c.contained(c.conn.Close) }

func (c *agentConn) SetDeadline(t time.Time) error {
	return c.contained(func() error { return c.conn.SetDeadline(t) })
}

func (c *agentConn) SetReadDeadline(t time.Time) error {
	return c.contained(func() error { return c.conn.SetReadDeadline(t) })
}

func (c *agentConn) SetWriteDeadline(t time.Time) error {
	return c.contained(func() error { return c.conn.SetWriteDeadline(t) })
}

func (c *agentConn) LocalAddr() net.Addr { return c.local }

func (c *agentConn) RemoteAddr() net.Addr { return c.remote }

func (c *agentPackets) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	n, err = c.counted("ReadFrom", b, func() (n int, err error) {
		n, from, err = c.packets.ReadFrom(b)
		return n, err
	})
	return n, from, err
}

func (c *agentPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	return c.counted("WriteTo", b, func() (int, error) { return c.packets.WriteTo(b, to) })
}

// addr is an address of the connection, as a value.
func (c *agentConn) addr(of func() net.Addr) net.Addr {
	a := namedAddr{"unknown", "unknown"}
	c.log.Panicked(inDial, contain.Apart(func() {
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
