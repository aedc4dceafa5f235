package session

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// errStale is that the peer had closed an idle stream. Nothing was sent on it, and other
// streams may be fine.
var errStale = errors.New("the stream was closed while it was idle")

// exchange sends the encoded request and waits for its reply within ctx; err is nil if the
// reply is whole, and at is how far the call came. carrier is the call stream that carried
// it, which may be another one. It is the caller's again, unless left: then it was handed
// over already.
func (s *Session) exchange(ctx context.Context, l *callStream, r *Request) (carrier *callStream, at Phase, left bool, err error) {
	if err := s.verify(ctx, l.timer, r); err != nil {
		return l, PhaseOpen, false, err
	}
	w := s.newWaiter(ctx, l.timer, r.Block, r.Hold)
	w.method, w.quiet, w.probe = r.Method, r.Quiet, r.Probe
	w.answer = &l.incoming
	if w.attempt = (attempt{deadline: r.Deadline, late: r.Late}); r.Moved != nil {
		w.moved, w.retiring, w.attempt.late = r.Moved, s.retiring, nil
	}
	if r.Deadline > 0 {
		w.checkAfter(w.begin, w.due-w.begin)
	}
	if r.Moved != nil || r.Repeatable {
		w.deserted = s.deserted
	}
	if l.stream == nil {
		if l, left, err = l.open(&w); left {
			return l, PhaseOpen, true, err
		}
		w.answer = &l.incoming
	}
	if err != nil {
		return l, PhaseOpen, false, err
	}
	if s.Ended() {
		return l, PhaseOpen, false, s.Cause() // while the stream was opened
	}
	defer w.forgetUnsent()
	l.asked = w.begin
	if !l.expectReply() {
		if !l.abandon() {
			l.takeReply()
		}
		err = l.notSent()
		return l, PhaseOpen, false, err
	}
	w.watchUnsent(l)
	for {
		for l.sendNext() {
		}
		if l.unmade != nil {
			if !l.abandon() {
				l.takeReply()
			}
			l.frame.Recall(0)
			return l, PhaseFind, false, s.cfg.Errors.Encode(r.Args, l.unmade) // no server executes a part
		}
		w.handedOver()
		room := l.room
		if l.allSent() {
			room = nil
		}
		replied, err := w.wait(l.done, room)
		switch {
		case replied:
			if at, err = l.replied(); err == nil {
				w.answered()
			}
			return l, at, false, err
		case err == nil:
			continue
		}
		if !l.abandon() {
			at, err = l.replied()
			return l, at, false, err
		}
		at = l.phase()
		if at >= PhaseWrite && r.Block == 0 && !s.Ended() {
			w.unanswered()
		}
		s.reportUnopened()
		return l, at, at == PhaseOpen && l.withdraw(), err
	}
}

// abandon gives the reply up. It reports false if the reading goroutine has ended the
// call, and has received that from done.
func (l *callStream) abandon() bool {
	for {
		switch at := l.state.Load(); at {
		case stateAsked, stateReading, stateFilling:
			if l.state.CompareAndSwap(at, stateAbandoned) {
				l.left(at)
				return true
			}
		default:
			<-l.done // it is there
			return false
		}
	}
}

// left takes what has come of a reply that was given up, unless the reading goroutine is at
// it, and gives its room back: the call stream stays until the peer has ended the stream.
func (l *callStream) left(at uint32) {
	l.partial, l.lent = at != stateAsked, at == stateFilling
	if at == stateReading {
		l.buf.reply, l.got = l.got, nil
	}
	l.session.cfg.Replies.release(l)
}

// takeReply takes what the reading goroutine has put together.
func (l *callStream) takeReply() {
	l.session.conn.CallerRuns()
	if l.got != nil {
		l.buf.reply, l.got = l.got, nil
	}
}

// replied is how an exchange ended that the reading goroutine has ended.
func (l *callStream) replied() (Phase, error) {
	s := l.session
	l.takeReply()
	if l.err == nil {
		// The reply may come before the writer has settled the last frame.
		if !l.allSent() || l.frame.State() == mux.FrameQueued {
			l.frame.Recall(0)
			l.spoiled = true
		}
		return PhaseDecode, nil
	}
	at := l.phase()
	if len(l.buf.reply) > 0 {
		at = PhaseRead
	}
	if !errors.Is(l.err, io.EOF) && !errors.Is(l.err, mux.ErrReset) {
		return at, l.err
	}
	if at == PhaseOpen {
		return at, l.notSent()
	}
	if at < PhaseRead && l.fresh && s.Leaving() && errors.Is(l.err, mux.ErrReset) {
		// The stream crossed with the server's go away: yamux refused it there, and no
		// handler has read the request. Without a go away a reset proves nothing, although
		// no acknowledgement came: it may go out with the first answer.
		return PhaseOpen, ErrLeaving
	}
	return at, l.cause(l.err)
}

// notSent is why nothing was sent on a stream that the peer has closed.
func (l *callStream) notSent() error {
	s := l.session
	switch {
	case s.Ended():
		return s.Cause()
	case !l.fresh:
		return errStale
	case s.Leaving():
		return ErrLeaving
	}
	return l.cause(l.ended())
}

// cause is why the session has ended, or that the stream alone has, with err.
func (l *callStream) cause(err error) error {
	if l.session.Ended() {
		return l.session.Cause()
	}
	return fmt.Errorf("%w: %w", ErrStreamEnded, err)
}
