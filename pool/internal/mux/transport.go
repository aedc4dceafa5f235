package mux

import (
	"io"
	"net"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
)

// transport is the connection under a Conn, and the first reason why it failed.
type transport struct {
	net.Conn
	nb      *nbconn.Conn          // below, if Write does not block; else nil
	in, out *atomic.Uint64        // bytes read and written, of all connections
	read    atomic.Uint64         // bytes of this one
	sent    atomic.Uint64         // the same
	spawn   func(func()) bool     // starts a goroutine; returns false, and starts none, once the session is over
	fault   atomic.Pointer[error] // the first reason why the transport failed; nothing is written any more
	onFault func(error)           // is called with it, before yamux learns of it; may be nil
	closed  atomic.Bool           // by this side
	done    chan struct{}         // closed with it
	onClose func()                // is called then; may be nil
}

// setFault keeps the first reason, and reports whether err is it. A failure after Close
// has no reason to keep.
func (t *transport) setFault(err error) bool {
	return !t.closed.Load() && t.fault.CompareAndSwap(nil, &err)
}

// fail keeps err and calls onFault, if err is the first reason.
func (t *transport) fail(err error) {
	if t.setFault(err) && t.onFault != nil {
		t.onFault(err)
	}
}

// Cause is why the transport failed; io.EOF if there is no reason.
func (t *transport) Cause() error {
	if err := t.fault.Load(); err != nil {
		return *err
	}
	return io.EOF
}

// unwritable is why nothing is written any more; nil: it is.
func (t *transport) unwritable() error {
	if t.fault.Load() != nil {
		return t.Cause()
	}
	if t.closed.Load() {
		return net.ErrClosed
	}
	return nil
}

// NonBlocking reports whether writing does not block.
func (t *transport) NonBlocking() bool { return t.nb != nil }

// Congested reports whether frames stay queued until the transport has room.
func (t *transport) Congested() bool {
	return t.nb != nil && t.nb.Congested() && t.fault.Load() == nil
}

// write writes two parts, which on a transport that may block go out as one.
func (t *transport) write(b, tail []byte) (n int, err error) {
	switch {
	case len(tail) == 0:
		n, err = t.Conn.Write(b)
	case t.nb == nil:
		var sent int64
		parts := net.Buffers{b, tail}
		sent, err = parts.WriteTo(t.Conn)
		n = int(sent)
	default:
		if n, err = t.Conn.Write(b); err == nil {
			var more int
			more, err = t.Conn.Write(tail)
			n += more
		}
	}
	t.out.Add(uint64(max(n, 0)))
	t.sent.Add(uint64(max(n, 0)))
	return n, err
}

// received counts bytes that were read.
func (t *transport) received(n int) {
	t.in.Add(uint64(n))
	t.read.Add(uint64(n))
}

// Bytes is how many bytes were read and written so far.
func (t *transport) Bytes() (read, sent uint64) { return t.read.Load(), t.sent.Load() }

// Close ends reading and writing.
func (t *transport) Close() error {
	if t.closed.CompareAndSwap(false, true) {
		close(t.done)
		if t.onClose != nil {
			t.onClose()
		}
	}
	return t.Conn.Close()
}
