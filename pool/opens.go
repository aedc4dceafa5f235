package pool

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// How many streams of one session may be opened and not be acknowledged. A server
// acknowledges them one by one, in the loop that accepts them, so a call waits behind
// all that were opened before it, also behind those whose callers have left meanwhile.
const (
	openingsFirst = 32  // at first, and again when all are acknowledged
	openingsMost  = 256 // yamux blocks beyond that, and so many may wait at the server
)

// openingsAllowed is how many streams may be unacknowledged after an acknowledgement
// that left so many others waiting. Each one makes room for another, so that a burst
// doubles in each round trip.
func openingsAllowed(allowed, waiting int64) int64 {
	if waiting <= 0 {
		return openingsFirst
	}
	return min(allowed+1, openingsMost)
}

// openings are the streams of a session that were opened and are not acknowledged yet.
// Whoever opens one takes a token first, and waits for it where there is none; the
// reading goroutine gives it back with the acknowledgement. So nobody waits in yamux,
// which cannot be told to give up.
type openings struct {
	tokens  chan struct{}
	allowed atomic.Int64 // tokens there are, those in use included
	waiting atomic.Int64 // those in use
	since   atomic.Int64 // when the last stream was acknowledged, or the first one opened since; nanoseconds from the pool's origin
	told    atomic.Bool  // the owner was told of streams that wait
}

func (o *openings) init() {
	o.tokens = make(chan struct{}, openingsMost)
	o.add(openingsFirst)
}

// add makes tokens.
func (o *openings) add(n int64) {
	o.allowed.Add(n)
	for range n {
		o.tokens <- struct{}{} // has room for all there are
	}
}

// took notes that a token was received.
func (o *openings) took(now time.Duration) {
	if o.waiting.Add(1) == 1 {
		o.since.Store(int64(now))
	}
}

// untake gives back the token of a stream that was not opened.
func (o *openings) untake() {
	if o.waiting.Add(-1) == 0 {
		o.told.Store(false)
	}
	o.tokens <- struct{}{}
}

// acknowledged gives a token back. Only the reading goroutine calls it.
func (o *openings) acknowledged(now int64) {
	o.since.Store(now)
	waiting, allowed := o.waiting.Add(-1), o.allowed.Load()
	if waiting == 0 {
		o.told.Store(false)
	}
	o.tokens <- struct{}{}
	next := openingsAllowed(allowed, waiting)
	if next > allowed {
		o.add(next - allowed)
	}
	for ; next < allowed; allowed-- {
		select {
		case <-o.tokens:
			o.allowed.Add(-1)
		default:
			return // they are in use again
		}
	}
}

// openStream opens a stream of the session's mux, with a token in hand. It may block
// while the transport takes nothing: only goroutines of the crew do it.
func (s *session) openStream() (stream, error) {
	st, err := s.mux.Open()
	switch {
	case errors.Is(err, yamux.ErrConnectionWriteTimeout):
		// The frame that opens it is still on its way out. Nobody would send the mode
		// byte behind it, for which the server stops accepting.
		err = fmt.Errorf("the server took no new stream: %w", err)
		s.cancel(err)
		return nil, err
	case err != nil:
		s.tap.openings.untake()
		return nil, s.transport(err)
	}
	s.pool.counts.streams.Add(1)
	return st, nil
}

// token waits for leave to open a stream, or answers a lane of free that has become
// idle meanwhile; free may be nil. The error is why neither came.
func (w *patience) token(free <-chan *lane) (*lane, error) {
	s := w.session
	o := &s.tap.openings
	select {
	case <-o.tokens:
		o.took(time.Since(s.pool.origin))
		return nil, nil
	default:
	}
	w.lookEarly()
	for {
		select {
		case <-o.tokens:
			o.took(time.Since(s.pool.origin))
			return nil, nil
		case l := <-free:
			return l, nil
		case <-s.ctx.Done():
			return nil, s.cause()
		case <-s.tap.farewell:
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
	if time.Since(s.pool.origin)-time.Duration(s.tap.openings.since.Load()) < s.pool.cfg.SilenceLimit {
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
	if s.tap.openings.waiting.Load() > 0 {
		late = min(late, limit)
	}
	w.look(now, late)
	return true
}

// unopened tells the owner of streams that wait to be acknowledged, once, unless there
// are none.
func (s *session) unopened() {
	o := &s.tap.openings
	if o.waiting.Load() <= 0 || !o.told.CompareAndSwap(false, true) {
		return
	}
	lost := s.pool.actor.TryTell(mail{Message: core.Unopened{Addr: s.addr, Session: s.id}}) != nil
	if lost || o.waiting.Load() <= 0 {
		// A full mailbox loses it, and the next look repeats it; or the last one was
		// acknowledged just before, and those that follow would not be told of.
		o.told.Store(false)
	}
}

// unopenedSince is since when streams have waited and none was acknowledged; zero: none
// waits.
func (s *session) unopenedSince() time.Time {
	o := &s.tap.openings
	if o.waiting.Load() <= 0 {
		return time.Time{}
	}
	return s.pool.origin.Add(time.Duration(o.since.Load()))
}
