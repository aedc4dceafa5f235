package testutil

import (
	"net"
	"sync/atomic"
)

// gate holds back all traffic of a server while it is shut. The zero value is
// not usable; newGate returns an open one.
type gate struct {
	pass atomic.Pointer[chan struct{}] // closed while the gate is open
}

func newGate() *gate {
	g := &gate{}
	open := make(chan struct{})
	close(open)
	g.pass.Store(&open)
	return g
}

// isOpen reports whether traffic passes.
func (g *gate) isOpen() bool {
	select {
	case <-*g.pass.Load():
		return true
	default:
		return false
	}
}

// shut holds all traffic back from now on. Only the server's owner may call
// it, and release.
func (g *gate) shut() {
	if g.isOpen() {
		closed := make(chan struct{})
		g.pass.Store(&closed)
	}
}

// release lets waiting traffic pass.
func (g *gate) release() {
	if !g.isOpen() {
		close(*g.pass.Load())
	}
}

// wait blocks until the gate is open, or until gone is closed.
func (g *gate) wait(gone <-chan struct{}) error {
	for {
		select {
		case <-gone:
			return net.ErrClosed
		default:
		}
		if g.isOpen() {
			return nil // as nearly always
		}
		pass := *g.pass.Load()
		select {
		case <-pass:
			if g.isOpen() { // it may have been shut again meanwhile
				return nil
			}
		case <-gone:
			return net.ErrClosed
		}
	}
}

// gatedConn is a connection behind a gate. While the gate is shut its kernel
// buffers still take bytes and acknowledge them, as those of a stopped process
// do, but nothing is read from them, written to them, or closed.
type gatedConn struct {
	net.Conn
	gate    *gate
	gone    chan struct{} // closed by sever
	severed atomic.Bool
}

func newGatedConn(c net.Conn, g *gate) *gatedConn {
	return &gatedConn{Conn: c, gate: g, gone: make(chan struct{})}
}

// Read holds back also what arrived while the gate was being shut.
func (c *gatedConn) Read(p []byte) (int, error) {
	if err := c.gate.wait(c.gone); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if shut := c.gate.wait(c.gone); shut != nil {
		return 0, shut
	}
	return n, err
}

func (c *gatedConn) Write(p []byte) (int, error) {
	if err := c.gate.wait(c.gone); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// Close closes the connection in an orderly way, once the gate is open: a
// frozen process closes nothing. Only sever ends a frozen connection.
func (c *gatedConn) Close() error {
	if err := c.gate.wait(c.gone); err != nil {
		return nil //nolint:nilerr // a severed connection is closed already
	}
	return c.sever(false)
}

// sever ends the connection at once, also while the gate is shut: with a reset that
// discards what is unsent, or with an orderly FIN. It is idempotent.
func (c *gatedConn) sever(reset bool) error {
	if c.severed.Swap(true) {
		return nil
	}
	close(c.gone)
	if tcp, ok := c.Conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // fails only on a connection that is closed already
	}
	return c.Conn.Close()
}
