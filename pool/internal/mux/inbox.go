package mux

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// ErrOverrun is that a stream of the peer's was given up: what came in on it was not read in
// time, and there is no room for more.
var ErrOverrun = errors.New("stream was cut: its peer sent more than was read, and there was no room for that (pool.Config.MaxReverseBytes; accept.Config.MaxBytes)")

// inbox is the Receiver of a stream that is read like a connection. It keeps what came in until
// that is read: memory grows with the bytes that came, and shrinks with those that were read.
// What it holds for a stream that the peer has opened counts against the connection's share.
type inbox struct {
	conn    *Conn
	stream  uint32
	counted bool
	ready   chan struct{}              // has a token when a reader is to look again
	room    chan struct{}              // has a token when Route.Window grew, or the stream ended
	timer   atomic.Pointer[time.Timer] // of a reader that waited, for the next one; nil: there was none
	free    chan struct{}              // has room for one: the goroutine that has what follows

	chunks     []*chunk
	into       *chunk // the one into which bytes come in now
	size       int    // bytes that the chunks can hold
	charged    int64  // of these, against the share
	window     int64  // bytes that the peer may send
	uncredited int    // bytes that were read and not added to the window again
	credit     *Frame // the last frame that did
	overrun    bool   // there was no room: nothing more is kept
	ended      error  // by the peer, or because nothing more is to be read; nil: it goes on
	until      time.Time
}

// inbox is the Receiver of a route that is read like a connection. Of one that has another
// Receiver it is empty, and gets nothing.
func (c *Conn) inbox(r *Route) *inbox {
	if to := r.Receiver.Load(); to != nil {
		if i, ok := (*to).(*inbox); ok {
			return i
		}
	}
	i := &inbox{
		conn: c, stream: r.Stream, counted: c.cfg.CountsAll || c.ofPeer(r.Stream), window: WindowSize,
		ready: make(chan struct{}, 1), room: make(chan struct{}, 1), free: make(chan struct{}, 1),
	}
	to := Receiver(i)
	if !r.Receiver.CompareAndSwap(nil, &to) {
		if other, ok := (*r.Receiver.Load()).(*inbox); ok {
			return other
		}
	} else if err := r.Ended(); err != nil {
		i.StreamEnded(err) // before this inbox was there
	}
	return i
}

// dropInbox forgets what came in and was not read. A route without an inbox gets one: the
// goroutine that reads the transport may have found the route already.
func (c *Conn) dropInbox(r *Route) {
	if to := r.Receiver.Load(); to != nil {
		if _, ok := (*to).(*inbox); !ok {
			return
		}
	}
	c.inbox(r).drop()
}

// ofPeer reports whether the peer has opened a stream.
func (c *Conn) ofPeer(stream uint32) bool { return (stream%2 == 1) == c.cfg.Accepts }

func (i *inbox) lock()   { i.free <- struct{}{} }
func (i *inbox) unlock() { <-i.free }

// wake has a reader look again.
func (i *inbox) wake() {
	select {
	case i.ready <- struct{}{}:
	default:
	}
}

// Admit counts a frame against the window.
func (i *inbox) Admit(n uint32) error {
	i.lock()
	defer i.unlock()
	if int64(n) > i.window {
		return i.conn.cfg.Violation(fmt.Sprintf("receive window exceeded: a frame of %d bytes where %d may come", n, i.window), nil)
	}
	i.window -= int64(n)
	return nil
}

// Space is room for up to want bytes; nil if they are not kept.
func (i *inbox) Space(want int) []byte {
	i.lock()
	space, lost := i.space(want)
	i.unlock()
	if lost && i.conn.onOverrun != nil {
		i.conn.onOverrun(i.stream)
	}
	return space
}

// Received takes n bytes that were put into Space, or dropped.
func (i *inbox) Received(n, _ int, kept bool) {
	if !kept {
		return
	}
	i.lock()
	defer i.unlock()
	if i.into != nil { // else it was dropped meanwhile
		i.into.to += n
		i.into = nil
	}
	i.wake()
}

// WindowGrew wakes the goroutine that writes frames past yamux.
func (i *inbox) WindowGrew() {
	select {
	case i.room <- struct{}{}:
	default:
	}
}

// StreamEnded ends reading behind what came in, or at once if the peer has reset the stream.
func (i *inbox) StreamEnded(err error) {
	i.lock()
	defer i.unlock()
	if i.ended = err; !errors.Is(err, io.EOF) {
		i.clear()
		i.WindowGrew()
	}
	i.wake()
}

// drop ends reading at once, and forgets what came in.
func (i *inbox) drop() {
	i.lock()
	defer i.unlock()
	if i.ended == nil {
		i.ended = io.EOF
	}
	i.clear()
	i.wake()
}

// setDeadline bounds reads under way and to come.
func (i *inbox) setDeadline(t time.Time) {
	i.lock()
	i.until = t
	i.unlock()
	i.wake()
}

// Read reads what came in. It blocks until there is something, and never for the transport.
func (i *inbox) Read(b []byte) (n int, err error) {
	defer i.wake() // another reader, for which there may be more
	for {
		i.lock()
		n, err = i.read(b)
		until := i.until
		credit := i.due()
		i.unlock()
		if credit != nil {
			i.conn.Send(credit)
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		if !i.await(until) {
			return 0, io.EOF
		}
	}
}

// read is Read without the wait.
func (i *inbox) read(b []byte) (n int, err error) {
	for len(i.chunks) > 0 && n < len(b) {
		c := i.chunks[0]
		took := copy(b[n:], c.bytes[c.from:c.to])
		if c.from += took; !i.release(c) {
			n += took
			break
		}
		n += took
	}
	switch {
	case n > 0:
		i.uncredited += n
	case i.overrun:
		err = ErrOverrun
	case i.ended != nil:
		err = i.ended
	case !i.until.IsZero() && time.Until(i.until) <= 0:
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// due is a frame that lets the peer send as many bytes more as were read; nil while that is not
// worth a frame, and while the last one waits to be written: what it allows is still to come.
// One that is being written the peer may have already.
func (i *inbox) due() *Frame {
	last := i.credit
	if i.uncredited < WindowSize/2 || i.ended != nil || i.overrun || last != nil && last.State() <= FrameQueued {
		return nil
	}
	i.credit = new(Frame)
	i.credit.SetWindow(i.stream, uint32(i.uncredited))
	i.window, i.uncredited = i.window+int64(i.uncredited), 0
	return i.credit
}

// await waits until there may be something to read, at most until the deadline. It reports
// false where the connection was closed.
func (i *inbox) await(until time.Time) bool {
	select {
	case <-i.ready: // as often where something was read, or a deadline set: it takes no timer
		return true
	default:
	}
	var late <-chan time.Time
	if !until.IsZero() {
		timer := i.timer.Swap(nil)
		if timer == nil {
			timer = time.NewTimer(time.Until(until))
		} else {
			timer.Reset(time.Until(until))
		}
		defer func() {
			timer.Stop()
			i.timer.Store(timer)
		}()
		late = timer.C
	}
	select {
	case <-i.ready:
	case <-late:
	case <-i.conn.done:
		return false
	}
	return true
}
