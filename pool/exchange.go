package pool

import (
	"context"
	"errors"
	"io"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// errStale says that an idle lane's stream was closed by the peer, and that
// nothing was sent on it.
var errStale = errors.New("the stream was closed while it was idle")

// exchange sends the request that was encoded and waits for its reply, within ctx. It answers in
// which phase it failed; err is nil if the reply is there. The lane that carried it, which
// may be another one, is then the caller's again, unless it was left to others.
func (l *lane) exchange(ctx context.Context, r *Request) (carrier *lane, at Phase, left bool, err error) {
	s := l.session
	if err := s.verify(ctx, l, r); err != nil {
		return l, PhaseOpen, false, err
	}
	w := s.patience(ctx, l.watch, r.Block, r.Hold)
	w.method, w.quiet = r.Method, r.asking
	w.answer = &l.incoming
	if w.share = (share{over: l.until, late: r.Late}); r.Moved != nil {
		w.moved, w.retired, w.late = r.Moved, s.retiring, nil
	}
	if w.over > 0 {
		w.look(w.begin, w.due-w.begin)
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
	defer w.watch.Stop()
	if err != nil {
		return l, PhaseOpen, false, err
	}
	if s.over() {
		return l, PhaseOpen, false, s.cause() // while the stream was opened
	}
	defer w.unload()
	if !l.ask() {
		if !l.leave() {
			l.take()
		}
		err = l.unsent()
		return l, PhaseOpen, false, err
	}
	w.weigh(l)
	for {
		for l.advance() {
		}
		w.handed()
		room := l.room
		if l.sent == len(l.lent.request)-mux.HeadSize {
			room = nil
		}
		replied, err := w.await(l.done, room)
		switch {
		case replied:
			if at, err = l.replied(); err == nil {
				w.answered()
			}
			return l, at, false, err
		case err == nil:
			continue
		}
		if !l.leave() {
			at, err = l.replied()
			return l, at, false, err
		}
		at = l.progress()
		if at >= PhaseWrite && r.Block == 0 && !s.over() {
			w.unanswered()
		}
		s.unopened()
		return l, at, at == PhaseOpen && l.unask(), err
	}
}

// leave gives the turn up, or answers false if it is answered, and what the
// reading goroutine said of it was received from done.
func (l *lane) leave() bool {
	if l.turn.CompareAndSwap(turnAsked, turnLeft) {
		return true
	}
	if l.amid = l.turn.CompareAndSwap(turnHeard, turnLeft); l.amid {
		return true
	}
	<-l.done // it is there
	return false
}

// take takes what the reading goroutine has answered.
func (l *lane) take() {
	l.session.conn.CallerRuns()
	if l.got != nil {
		l.lent.reply, l.got = l.got, nil
	}
}

// replied is how an exchange ended that the reading goroutine has answered.
func (l *lane) replied() (Phase, error) {
	s := l.session
	l.take()
	if l.err == nil {
		// A server can be quicker than who has written says so.
		if l.sent < len(l.lent.request)-mux.HeadSize || l.frame.State() == mux.FrameQueued {
			l.frame.Recall(0)
			l.spoiled = true
		}
		return PhaseDecode, nil
	}
	at := l.progress()
	if len(l.lent.reply) > 0 {
		at = PhaseRead
	}
	if !errors.Is(l.err, io.EOF) && !errors.Is(l.err, mux.ErrReset) {
		return at, l.err
	}
	if at == PhaseOpen {
		return at, l.unsent()
	}
	if at < PhaseRead && l.fresh && s.leaving() && errors.Is(l.err, mux.ErrReset) {
		// The stream crossed with the server's farewell: yamux refused it there,
		// and nobody has read the request. Without a farewell a reset proves nothing,
		// although no acknowledgement came: it may go out with the first answer.
		return PhaseOpen, ErrLeaving
	}
	return at, l.transport(l.err)
}

// unsent is why nothing was sent on a stream that the peer has closed. On one
// that was idle for a while that says nothing about others.
func (l *lane) unsent() error {
	s := l.session
	switch {
	case s.over():
		return s.cause()
	case !l.fresh:
		return errStale
	case s.leaving():
		return ErrLeaving
	}
	return l.transport(l.ended())
}

// transport prefers the reason why the session ended over the stream's end. While
// the session lives, it is the stream alone that has ended.
func (l *lane) transport(err error) error {
	if l.session.over() {
		return l.session.cause()
	}
	return errStreamEnded(err)
}
