package session

import (
	"fmt"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// reply is the inbound side of a call stream. It belongs to the goroutine that reads the
// transport in stateAsked, stateReading and stateFilling; the window always does. The
// caller's buffer for the reply belongs to it in stateFilling only: a caller that leaves
// at another time takes the buffer along, with what has come, since the call stream stays
// until the peer has acknowledged the stream. One that leaves then leaves the buffer to it.
type reply struct {
	headerEnd int
	bodyEnd   int
	err       error        // why there is no reply
	got       []byte       // of it, so far: the call's buffer from the first byte until it is taken or dropped
	claimed   atomic.Int64 // bytes, of Config.Replies
	incoming
	stray atomic.Bool // bytes came that no call had asked for

	window     int        // bytes that the peer may send
	uncredited int        // bytes that came in and were not added to the window again
	credit     *mux.Frame // the last frame that did
	meter      windowMeter
}

// expectReply begins stateAsked. It reports false if the peer has closed the stream:
// either this side sees that, or the reading goroutine sees the state.
func (l *callStream) expectReply() bool {
	l.buf.reply, l.headerEnd, l.err = l.buf.reply[:0], 0, nil
	l.clear()
	l.buf.scan.Reset(0, l.session.cfg.MaxReplyBytes)
	l.state.Store(stateAsked)
	return l.ended() == nil
}

// ended is why nothing can be asked on the stream; nil: it can.
func (l *callStream) ended() error {
	if err := l.route.Ended(); err != nil {
		return err
	}
	if l.stray.Load() {
		return l.session.cfg.Errors.Protocol("rpc", "bytes on a stream that has asked for nothing", nil)
	}
	return nil
}

// Admit counts a frame against the window.
func (l *callStream) Admit(n uint32) error {
	if int64(n) > int64(l.window) {
		return l.session.cfg.Errors.Protocol("yamux", fmt.Sprintf("a frame of %d bytes where %d may come", n, l.window), nil)
	}
	l.window -= int(n)
	return nil
}

// Space is room for up to want bytes of a reply; nil if none is expected.
func (l *callStream) Space(want int) []byte {
	switch l.state.Load() {
	case stateAsked:
		if !l.state.CompareAndSwap(stateAsked, stateFilling) {
			return nil // its caller has just left, with its buffer
		}
		l.got, l.buf.reply = l.buf.reply, nil
		l.meter.restart(l.asked)
	case stateReading:
		if !l.state.CompareAndSwap(stateReading, stateFilling) {
			return nil // the same
		}
	default:
		return nil
	}
	if !l.makeRoom() {
		return nil
	}
	return l.got[len(l.got):min(len(l.got)+want, cap(l.got))]
}

// Received takes n bytes that were put into Space, or dropped. They are added to the
// peer's window again also if no caller waits for them: the peer can then write to the end.
func (l *callStream) Received(n, left int, kept bool) {
	l.addToWindow(n, left)
	if !kept {
		if l.state.Load() != stateAbandoned {
			l.stray.Store(true)
		}
		return
	}
	l.got = l.got[:len(l.got)+n]
	whole, err := l.scanReply()
	if behind := len(l.got) - l.bodyEnd + left; whole && behind > 0 {
		err = l.session.cfg.Errors.Protocol("rpc", fmt.Sprintf("%d bytes behind the reply", behind), nil)
	}
	signs := &l.session.conn.Signs
	if whole && err == nil {
		signs.Answered.Store(signs.Read.Load())
	}
	if whole || err != nil {
		if !l.settle(err) {
			l.drop()
		}
		return
	}
	l.add(n, signs.Read.Load())
	if !l.state.CompareAndSwap(stateFilling, stateReading) {
		l.drop()
	}
}

// scanReply reports whether header and body are complete.
func (l *callStream) scanReply() (whole bool, err error) {
	if l.headerEnd == 0 {
		end, whole, err := l.scanValue()
		if !whole {
			return false, err
		}
		l.headerEnd = end
	}
	l.bodyEnd, whole, err = l.scanValue()
	return whole, err
}

// scanValue is where the next value of the reply ends, if it is whole.
func (l *callStream) scanValue() (end int, whole bool, err error) {
	if end, whole, err = l.buf.scan.Value(l.got); err != nil {
		return 0, false, l.session.cfg.Errors.Garbled(err)
	}
	return end, whole, nil
}

// settle begins stateAnswered. It reports false if the caller has left.
func (l *callStream) settle(err error) bool {
	l.err = err
	for _, from := range [...]uint32{stateFilling, stateReading, stateAsked} {
		if l.state.CompareAndSwap(from, stateAnswered) {
			l.session.conn.CallerReady()
			l.done <- struct{}{} // has room: each call takes its token
			return true
		}
	}
	return false
}

// WindowGrew lets the caller send on.
func (l *callStream) WindowGrew() { signal(l.room) }

// StreamEnded fails the caller that waits, if any.
func (l *callStream) StreamEnded(err error) {
	if at := l.state.Load(); at == stateAsked || at == stateReading {
		l.settle(err)
	}
}

// addToWindow lets the peer send n bytes more that came in, left of the frame not counted, once
// that is worth a frame. There are two such frames at most that the peer has not acted on.
func (l *callStream) addToWindow(n, left int) {
	now, m := l.session.conn.Signs.Read.Load(), &l.meter
	m.came(&l.session.path, n, now)
	if l.uncredited += n; int64(l.uncredited) < m.worth() {
		return
	}
	more := int(m.leave(&l.session.path, int64(l.uncredited), int64(l.window+left), l.claimed.Load(), now))
	if l.uncredited = 0; more == 0 {
		return
	}
	if l.credit == nil || l.credit.Pending() {
		l.credit = new(mux.Frame)
	}
	l.credit.SetWindow(l.route.Stream, uint32(more))
	l.window += more
	l.session.conn.Send(l.credit)
}
