package mux

import (
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
)

// Config configures a Conn. Origin, In, Out and Violation must be set.
type Config struct {
	Origin    time.Time      // Signs and Opens have their times as nanoseconds since it
	In, Out   *atomic.Uint64 // count the bytes read and written
	Budget    *Budget        // of the bytes that are held for peers; nil: they are not bounded
	Accepts   bool           // the peer has dialed: its streams have odd numbers, and those of this side even ones
	Relays    bool           // this process serves agents itself, and asks the peer whether it does: see ToRelay
	CountsAll bool           // what comes in on streams that this side opens counts in Budget too
	// Violation makes the error for a peer that breaks the protocol; err is nil or yamux's.
	Violation func(reason string, err error) error
}

// Conn shares a transport between yamux, which gets it as its net.Conn, and the call
// streams, whose data goes past yamux in both directions (writer.go, demux.go). It also
// reports facts that yamux does not: signs of life, that the peer has ended a stream, that
// the peer is leaving, why the transport failed.
//
// Send, Join, CallerReady, CallerRuns, Queued and Pause are in writer.go; Cause, Congested,
// NonBlocking and Close in transport.go.
type Conn struct {
	writer
	Signs  Signs
	Opens  Opens
	Routes Routes
	Share  Share // of Config.Budget

	cfg         Config
	accepting   accepting
	toRelay     atomic.Bool
	onOverrun   func(stream uint32)
	onLeaving   func()
	leaving     chan struct{} // closed when the peer has sent a go away
	resetsIn    resetQueue    // streams to be reset in yamux
	closings    closings      // streams that yamux is to forget
	reading     inbound       // of the reading goroutine
	first       []byte        // what the peer sent first, once all was forgotten; nil where that was a frame
	own         *Frame        // of yamux's writing goroutine
	pendingHead []byte        // of the same: it waits for its body, and then has both
}

// Signs are the last signs of life, as nanoseconds since Config.Origin.
type Signs struct {
	Read     atomic.Int64 // anything but a ping of the peer's
	Data     atomic.Int64 // of a stream, not yamux's own
	Answered atomic.Int64 // a whole answer to a call
	Bulk     atomic.Int64 // much of a large request or reply had passed; 0: never
}

// New makes a Conn of conn, which it owns.
func New(conn net.Conn, cfg Config) *Conn {
	c := &Conn{
		writer: writer{
			transport: transport{
				Conn: conn, in: cfg.In, out: cfg.Out, done: make(chan struct{}),
				spawn: func(f func()) bool { go f(); return true },
			},
		},
		cfg: cfg, leaving: make(chan struct{}), own: newFrame(),
	}
	if c.Share.budget = cfg.Budget; cfg.Budget == nil {
		c.Share.budget = boundless()
	}
	c.Opens.init()
	if b, ok := conn.(interface{ NonBlocking() *nbconn.Conn }); ok {
		c.nb = b.NonBlocking()
	}
	if c.nb != nil {
		c.nb.OnRoom(c.pump)
	}
	now := int64(time.Since(cfg.Origin))
	c.Signs.Read.Store(now)
	c.Signs.Data.Store(now)
	return c
}

// UseGroup has spawn start the goroutines of the connection. It returns false, and starts
// none, once the session is over. It must be set before anything is sent.
func (c *Conn) UseGroup(spawn func(func()) bool) {
	c.spawn = spawn
	if c.nb != nil {
		c.nb.UseGroup(spawn)
	}
}

// OnFault has f called with the first reason why the transport fails, before yamux learns
// of it. It must be set before anything is sent.
func (c *Conn) OnFault(f func(error)) { c.onFault = f }

// OnOverrun has f called when bytes of a stream that the peer has opened are lost for want of
// room, once for each stream. It must be set before anything is read, and not block.
func (c *Conn) OnOverrun(f func(stream uint32)) { c.onOverrun = f }

// OnLeaving has f called when the peer has announced that it takes no new streams, once. It must be
// set before anything is read, and not block.
func (c *Conn) OnLeaving(f func()) { c.onLeaving = f }

// OnClose has f called when Close is, the first time: where the Session over c is one of Start or
// Single, that has ended then. It must be set before that is made, and not block.
func (c *Conn) OnClose(f func()) { c.onClose = f }

// Silence is the time since the last sign of life.
func (c *Conn) Silence() time.Duration {
	return time.Since(c.cfg.Origin) - time.Duration(c.Signs.Read.Load())
}

// Leaving is closed when the peer has announced that it takes no new streams.
func (c *Conn) Leaving() <-chan struct{} { return c.leaving }

// IsLeaving reports whether Leaving is closed.
func (c *Conn) IsLeaving() bool {
	select {
	case <-c.leaving:
		return true
	default:
		return false
	}
}

// Forget drops everything that the connection was used with. It must be called when
// yamux has ended and nothing reads the connection any more: for as long as
// HalfClosedLimit yamux keeps a stream that only one side has closed, and with it this
// Conn, which must not keep buffers of calls. The token stays taken, because there is
// nothing left to write; a frame that is still queued is withdrawn by its sender.
func (c *Conn) Forget() {
	for !c.busy.CompareAndSwap(false, true) {
		runtime.Gosched() // to a last write, which ends at once: the transport is closed
	}
	if c.nb != nil {
		c.nb.Forget()
	}
	c.next, c.lot, c.size, c.batch = nil, nil, 0, nil
	c.first = c.First()
	c.reading = inbound{}
	c.own, c.pendingHead = nil, nil
	c.queue.Store(nil)
	c.Routes.clear(c.dropInbox)
}

// violated ends the transport because of bytes that the peer has sent.
func (c *Conn) violated(reason string) error {
	err := c.cfg.Violation(reason, nil)
	c.fail(err)
	return err
}

// goAwayReason is the meaning of a go away with a code other than 0. Its sender ends the
// session because of bytes that it received, or of its own failure, and finishes nothing.
func goAwayReason(code uint32) string {
	meaning := "which is unknown"
	switch code {
	case 1:
		meaning = "protocol error"
	case 2:
		meaning = "internal error"
	}
	return fmt.Sprintf("the server ends the session with code %d, %s", code, meaning)
}
