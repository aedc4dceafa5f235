package pool

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// errStray says that a peer sent bytes which nothing asked for.
var errStray = &ProtocolError{Layer: "rpc", Reason: "bytes on a stream that has asked for nothing"}

// reply is what comes in on a lane. It belongs to the goroutine that reads the
// transport while the lane's turn is asked; the window is always that
// goroutine's.
type reply struct {
	scan   wire.Scanner
	header int    // where the reply's header ends
	end    int    // where the reply ends
	err    error  // why there is none
	got    []byte // of it, so far; the call's buffer from the first byte until it is taken or dropped
	incoming
	stray atomic.Bool // bytes came that nothing had asked for

	allowed int        // bytes that the peer may send
	owed    int        // bytes that came in and were not given back to it
	credit  *mux.Frame // the last frame that did
}

// ask readies the lane for a reply, and answers false if the peer has closed the
// stream: either this side sees that, or the reading goroutine sees the turn.
func (l *lane) ask() bool {
	l.lent.reply, l.header, l.err = l.lent.reply[:0], 0, nil
	l.clear()
	l.scan.Reset(0, l.session.pool.cfg.MaxReplyBytes)
	l.turn.Store(turnAsked)
	return l.ended() == nil
}

// ended is why nothing can be asked on the stream; nil: it can.
func (l *lane) ended() error {
	if err := l.route.Ended(); err != nil {
		return err
	}
	if l.stray.Load() {
		return errStray
	}
	return nil
}

// Admit counts a frame against the window.
func (l *lane) Admit(n uint32) error {
	if int64(n) > int64(l.allowed) {
		return &ProtocolError{
			Layer: "yamux", Reason: fmt.Sprintf("a frame of %d bytes where %d may come", n, l.allowed),
		}
	}
	l.allowed -= int(n)
	return nil
}

// Space is where the next bytes of a reply go, some of want; nil if no reply is
// expected.
func (l *lane) Space(want int) []byte {
	switch l.turn.Load() {
	case turnAsked:
		if !l.turn.CompareAndSwap(turnAsked, turnHeard) {
			return nil // its caller has just left, with its buffer
		}
		l.got, l.lent.reply = l.lent.reply, nil
	case turnHeard:
	case turnLeft:
		l.got = nil
		return nil
	default:
		return nil
	}
	l.got = grown(l.got)
	return l.got[len(l.got):min(len(l.got)+want, cap(l.got))]
}

// grown has room for more. Memory grows with the bytes that came, not with what
// they announce.
func grown(b []byte) []byte {
	if cap(b)-len(b) >= 256 {
		return b
	}
	more := make([]byte, len(b), max(4096, 2*cap(b)))
	copy(more, b)
	return more
}

// Received takes n bytes that were put into space, or dropped because there was
// none; left more of their frame are still to come. They are given back to the
// peer's window whether somebody wants them or not: it may then write to the end.
func (l *lane) Received(n, left int, kept bool) {
	l.giveBack(n)
	if !kept {
		if l.turn.Load() != turnLeft {
			l.stray.Store(true)
		}
		return
	}
	l.got = l.got[:len(l.got)+n]
	done, err := l.scanned()
	if behind := len(l.got) - l.end + left; done && behind > 0 {
		err = &ProtocolError{Layer: "rpc", Reason: fmt.Sprintf("%d bytes behind the reply", behind)}
	}
	if done && err == nil {
		signs := &l.session.conn.Signs
		signs.Answered.Store(signs.Read.Load())
	}
	if done || err != nil {
		l.answer(err)
		return
	}
	l.came(n, l.session.conn.Signs.Read.Load())
}

// scanned looks whether header and body are complete.
func (l *lane) scanned() (bool, error) {
	if l.header == 0 {
		end, ok, err := l.scan.Value(l.got)
		if !ok || err != nil {
			return false, garbled(err)
		}
		l.header = end
	}
	end, ok, err := l.scan.Value(l.got)
	if !ok || err != nil {
		return false, garbled(err)
	}
	l.end = end
	return true, nil
}

// answer ends the turn, unless its caller has left.
func (l *lane) answer(err error) {
	l.err = err
	if l.turn.CompareAndSwap(turnHeard, turnAnswered) || l.turn.CompareAndSwap(turnAsked, turnAnswered) {
		l.session.conn.CallerReady()
		l.done <- struct{}{} // has room: one for each turn
		return
	}
	l.got = nil
}

// WindowGrew lets the caller send on.
func (l *lane) WindowGrew() { signal(l.room) }

// StreamEnded fails the caller that waits, if any: the peer has closed the stream.
func (l *lane) StreamEnded(err error) {
	switch l.turn.Load() {
	case turnAsked, turnHeard:
		l.answer(err)
	case turnLeft:
		l.got = nil
	}
}

// giveBack lets the peer send as many bytes again, once that is worth a frame.
// There are two such frames at most that the peer has not acted on.
func (l *lane) giveBack(n int) {
	if l.owed += n; l.owed < mux.WindowSize/2 {
		return
	}
	if l.credit == nil || l.credit.Pending() {
		l.credit = new(mux.Frame)
	}
	l.credit.SetWindow(l.route.Stream, uint32(l.owed))
	l.allowed, l.owed = l.allowed+l.owed, 0
	l.session.conn.Send(l.credit)
}

// garbled types the scanner's errors.
func garbled(err error) error {
	if errors.Is(err, wire.ErrMalformed) {
		return &ProtocolError{Layer: "rpc", Reason: err.Error(), Err: err}
	}
	return err
}
