package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// ErrNoStream says that the server acknowledges no new stream, although it is
// there.
var ErrNoStream = errors.New("the server acknowledges no new stream")

// openStream opens a stream of the session's mux, with a token in hand. It may block
// while the transport takes nothing: only goroutines of the crew do it.
func (s *session) openStream() (mux.Stream, error) {
	st, err := s.yamux.Open()
	switch {
	case errors.Is(err, mux.ErrWriteTimeout):
		// The frame that opens it is still on its way out. Nobody would send the mode
		// byte behind it, for which the server stops accepting.
		err = fmt.Errorf("the server took no new stream: %w", err)
		s.cancel(err)
		return nil, err
	case err != nil:
		s.conn.Opens.Return()
		return nil, s.transport(err)
	}
	s.pool.counts.streams.Add(1)
	return st, nil
}

// token waits for leave to open a stream, or answers a lane of free that has become
// idle meanwhile; free may be nil. The error is why neither came.
func (w *patience) token(free <-chan *lane) (*lane, error) {
	s := w.session
	o := &s.conn.Opens
	select {
	case <-o.Tokens():
		o.Took(time.Since(s.pool.origin))
		return nil, nil
	default:
	}
	w.lookEarly()
	for {
		select {
		case <-o.Tokens():
			o.Took(time.Since(s.pool.origin))
			return nil, nil
		case l := <-free:
			return l, nil
		case <-s.ctx.Done():
			return nil, s.cause()
		case <-s.conn.Leaving():
			return nil, ErrLeaving
		case <-s.deserted:
			return nil, s.unserved // nothing was sent
		case <-w.ctx.Done():
			s.unopened()
			return nil, w.noStream(w.ctx.Err())
		case <-w.moved:
			return nil, ErrMoved
		case <-w.retired:
			return nil, s.elsewhere()
		case <-w.watch.C:
			if err := w.fired(); err != nil {
				return nil, w.noStream(err)
			}
		}
	}
}

// noStream adds to the reason why a call gave up that it has waited for a stream for
// longer than that takes.
func (w *patience) noStream(why error) error {
	s := w.session
	if time.Since(s.pool.origin)-s.conn.Opens.Since() < s.pool.cfg.SilenceLimit {
		return why
	}
	return fmt.Errorf("%w: %w", ErrNoStream, why)
}

// lookEarly has a call look whether streams are acknowledged, also one that may wait for
// its answer for minutes: an acknowledgement takes no longer than any other answer.
func (w *patience) lookEarly() {
	now := time.Since(w.session.pool.origin)
	if limit := w.session.pool.cfg.SilenceLimit; w.due-now > limit {
		w.look(now, limit)
	}
}

// early reports whether the watch of a call has fired before the call can be late, and
// sets it anew; it has not where the call's time is over.
func (w *patience) early(now time.Duration) bool {
	s := w.session
	s.unopened()
	limit := s.pool.cfg.SilenceLimit
	late := w.begin + w.held + min(limit, w.hold) - now
	if late <= 0 || w.extra.why != nil || w.share.due(now, w.due) {
		return false
	}
	if s.conn.Opens.Waiting() > 0 {
		late = min(late, limit)
	}
	w.look(now, late)
	return true
}

// unopened tells the owner of streams that wait to be acknowledged, once, unless there
// are none.
func (s *session) unopened() {
	o := &s.conn.Opens
	if o.Waiting() <= 0 || !o.Reported.CompareAndSwap(false, true) {
		return
	}
	lost := s.pool.actor.TryTell(mail{Pool: messages.Unopened{Addr: s.addr, Session: s.id}}) != nil
	if lost || o.Waiting() <= 0 {
		// A full mailbox loses it, and the next look repeats it; or the last one was
		// acknowledged just before, and those that follow would not be told of.
		o.Reported.Store(false)
	}
}

// unopenedSince is since when streams have waited and none was acknowledged; zero: none
// waits.
func (s *session) unopenedSince() time.Time {
	o := &s.conn.Opens
	if o.Waiting() <= 0 {
		return time.Time{}
	}
	return s.pool.origin.Add(o.Since())
}
