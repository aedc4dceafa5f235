package pool

import (
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"time"
)

// tap stands between yamux and the transport, and shares it between yamux and
// the lanes. What lanes send goes past yamux (tap_write.go), and so does what
// comes in for them (tap_read.go); opening and closing streams, pings, farewells
// and streaming calls stay yamux's. In passing it sees what yamux does not tell:
// when the last byte came in, that a stream was closed by the peer, that the peer
// is leaving, and why the transport failed.
type tap struct {
	net.Conn
	origin  time.Time
	spill   *spill                // below, and why writing does not block; nil: it may
	in, out *atomic.Uint64        // byte counters of the pool
	fault   atomic.Pointer[error] // the first reason why the transport failed; nothing is written any more
	broken  func(error)           // told the first fault, before yamux learns of it; may be nil
	closed  atomic.Bool           // by this side
	gone    chan struct{}         // closed with it
	spawn   func(func()) bool     // starts a goroutine, or answers false if none is wanted any more
	ports   ports
	resets  resets
	parted  parted

	openings openings

	lastRead     atomic.Int64 // nanoseconds from origin to the last sign of life
	lastData     atomic.Int64 // the same to the last that was a stream's, not yamux's own
	lastAnswered atomic.Int64 // the same to the last whole answer to a call
	lastBulk     atomic.Int64 // the same to the last moment at which much of a large request or reply had passed; 0: never
	leaving      atomic.Bool
	farewell     chan struct{} // closed when the peer says that it is leaving
	waking       atomic.Int64  // callers whose reply is there and who have not run yet
	reading      inbound       // of the reading goroutine

	queue   atomic.Pointer[outgoing] // frames for whoever has the token, the last one first
	lined   atomic.Int64             // frames there and in writing.first
	busy    atomic.Bool              // the token: somebody writes
	stalled atomic.Bool              // who had it left some for want of room
	writing outbound                 // of who has it
	own     *outgoing                // of yamux's writing goroutine
	held    []byte                   // of the same: a frame's head that waits for its body, and then both
}

// newTap wraps conn; since is the pool's origin of time.
func newTap(conn net.Conn, since time.Time, in, out *atomic.Uint64) *tap {
	t := &tap{
		Conn: conn, origin: since, in: in, out: out, resets: newResets(),
		farewell: make(chan struct{}), gone: make(chan struct{}),
		spawn: func(f func()) bool { go f(); return true },
		own:   newFrame(),
	}
	t.openings.init()
	if c, ok := conn.(interface{ unblocked() *spill }); ok {
		t.spill = c.unblocked()
	}
	if t.spill != nil {
		t.spill.eased = t.pump
	}
	t.lastRead.Store(int64(time.Since(since)))
	t.lastData.Store(t.lastRead.Load())
	return t
}

// staff has the tap's goroutines counted by who starts them.
func (t *tap) staff(spawn func(func()) bool) {
	t.spawn = spawn
	if t.spill != nil {
		t.spill.spawn = spawn
	}
}

// keep keeps the first reason, and says whether this is it. What fails because this
// side has closed the transport is none: yamux knows why it did.
func (t *tap) keep(err error) bool {
	return !t.closed.Load() && t.fault.CompareAndSwap(nil, &err)
}

// fail tells the session of the first reason.
func (t *tap) fail(err error) {
	if t.keep(err) && t.broken != nil {
		t.broken(err)
	}
}

// cause is why the transport failed; io.EOF if nothing said why.
func (t *tap) cause() error {
	if err := t.fault.Load(); err != nil {
		return *err
	}
	return io.EOF
}

// silence is the time since the last sign of life.
func (t *tap) silence() time.Duration {
	return time.Since(t.origin) - time.Duration(t.lastRead.Load())
}

// forget lets go of everything that the transport was used with. It is called when
// nobody reads it any more and yamux has ended: yamux keeps what has a stream that
// only one side has closed for minutes, also of a session that is over, and the
// lanes with their buffers must not be kept with it. The token stays taken, for
// there is nothing left to write; what is still queued is withdrawn by its sender.
func (t *tap) forget() {
	for !t.busy.CompareAndSwap(false, true) {
		runtime.Gosched() // to a last write, which ends at once: the transport is closed
	}
	if t.spill != nil {
		t.spill.last = nil
	}
	t.writing, t.reading = outbound{}, inbound{}
	t.own, t.held = nil, nil
	t.queue.Store(nil)
	for i := range t.ports {
		t.ports[i].Store(nil)
	}
}

// Close frees whoever reads or writes.
func (t *tap) Close() error {
	if t.closed.CompareAndSwap(false, true) {
		close(t.gone)
	}
	return t.Conn.Close()
}
