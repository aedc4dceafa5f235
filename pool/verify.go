package pool

import (
	"context"
	"time"
)

// verification is a ping that calls wait for which must not be sent in vain. Those
// that come together share it.
type verification struct {
	done     chan struct{} // closed when it is over
	answered bool          // something came in; read after done
}

// verify waits until something has come in on a session on which nothing did for the
// silence limit: a device on the way may have forgotten it while it was idle, and
// nobody knows then what became of a request. The error is why nothing came; the owner
// has been told.
func (s *session) verify(ctx context.Context, l *lane, r *Request) error {
	if !r.Verify || !s.stale() {
		return nil
	}
	w := s.patience(ctx, l.watch, 0, r.Hold)
	defer l.watch.Stop()
	for {
		v := s.verifying()
		ready, err := w.await(v.done, nil)
		switch {
		case !ready:
			w.unanswered()
			return err
		case v.answered:
			return nil
		case s.over():
			return s.cause()
		}
	}
}

// stale reports whether the session may be dead although nobody has noticed. What
// a machine has slept counts, which its monotonic clock does not tell.
func (s *session) stale() bool {
	limit := s.pool.cfg.SilenceLimit
	return s.conn.Silence() >= limit || s.pool.slept()-time.Duration(s.slept.Load()) >= limit
}

// slept is for how long the monotonic clock stood still while the wall clock went on,
// since the pool's origin. A wall clock that is set counts as well: that costs a ping.
func (p *Pool) slept() time.Duration {
	now := time.Now()
	return now.Round(0).Sub(p.origin.Round(0)) - now.Sub(p.origin)
}

// verifying is the ping under way, or a new one.
func (s *session) verifying() *verification {
	v := &verification{done: make(chan struct{})}
	for !s.verification.CompareAndSwap(nil, v) {
		if under := s.verification.Load(); under != nil {
			return under
		}
	}
	ended := func() {
		s.verification.Store(nil)
		close(v.done)
	}
	slept := s.pool.slept()
	s.pool.counts.pings.Add(1)
	if !s.crew.join(func() {
		defer ended()
		if v.answered = s.ping(s.ctx) == nil; v.answered {
			s.slept.Store(int64(slept))
		}
	}) {
		ended()
	}
	return v
}
