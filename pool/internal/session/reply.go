package session

import (
	"fmt"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// reply is the inbound side of a call stream. It belongs to the goroutine that reads the
// transport in stateAsked and stateReading; the window always does. The caller's buffer
// for the reply belongs to it in stateReading only: a caller that leaves before takes the
// buffer along, since the call stream stays until the peer has acknowledged the stream.
type reply struct {
	scan      wire.Scanner
	headerEnd int
	bodyEnd   int
	err       error  // why there is no reply
	got       []byte // of it, so far: the call's buffer from the first byte until it is taken or dropped
	incoming
	stray atomic.Bool // bytes came that no call had asked for

	window     int        // bytes that the peer may send
	uncredited int        // bytes that came in and were not added to the window again
	credit     *mux.Frame // the last frame that did
}

// expectReply begins stateAsked. It reports false if the peer has closed the stream:
// either this side sees that, or the reading goroutine sees the state.
func (l *callStream) expectReply() bool {
	l.buf.reply, l.headerEnd, l.err = l.buf.reply[:0], 0, nil
	l.clear()
	l.scan.Reset(0, l.session.cfg.MaxReplyBytes)
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
		if !l.state.CompareAndSwap(stateAsked, stateReading) {
			return nil // its caller has just left, with its buffer
		}
		l.got, l.buf.reply = l.buf.reply, nil
	case stateReading:
	case stateAbandoned:
		l.got = nil
		return nil
	default:
		return nil
	}
	l.got = withRoom(l.got)
	return l.got[len(l.got):min(len(l.got)+want, cap(l.got))]
}

// withRoom is b with room for more. Memory grows with the bytes that came, not with what
// they announce.
func withRoom(b []byte) []byte {
	if cap(b)-len(b) >= 256 {
		return b
	}
	more := make([]byte, len(b), max(4096, 2*cap(b)))
	copy(more, b)
	return more
}

// Received takes n bytes that were put into Space, or dropped. They are added to the
// peer's window again also if no caller waits for them: the peer can then write to the end.
func (l *callStream) Received(n, left int, kept bool) {
	l.addToWindow(n)
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
		l.settle(err)
		return
	}
	l.add(n, signs.Read.Load())
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
	if end, whole, err = l.scan.Value(l.got); err != nil {
		return 0, false, l.session.cfg.Errors.Garbled(err)
	}
	return end, whole, nil
}

// settle begins stateAnswered, unless the caller has left.
func (l *callStream) settle(err error) {
	l.err = err
	if l.state.CompareAndSwap(stateReading, stateAnswered) || l.state.CompareAndSwap(stateAsked, stateAnswered) {
		l.session.conn.CallerReady()
		l.done <- struct{}{} // has room: each call takes its token
		return
	}
	l.got = nil
}

// WindowGrew lets the caller send on.
func (l *callStream) WindowGrew() { signal(l.room) }

// StreamEnded fails the caller that waits, if any.
func (l *callStream) StreamEnded(err error) {
	switch l.state.Load() {
	case stateAsked, stateReading:
		l.settle(err)
	case stateAbandoned:
		l.got = nil
	}
}

// addToWindow lets the peer send n bytes more, once that is worth a frame. There are two
// such frames at most that the peer has not acted on.
func (l *callStream) addToWindow(n int) {
	if l.uncredited += n; l.uncredited < mux.WindowSize/2 {
		return
	}
	if l.credit == nil || l.credit.Pending() {
		l.credit = new(mux.Frame)
	}
	l.credit.SetWindow(l.route.Stream, uint32(l.uncredited))
	l.window, l.uncredited = l.window+l.uncredited, 0
	l.session.conn.Send(l.credit)
}
