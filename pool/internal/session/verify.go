package session

import (
	"context"
	"time"
)

// Ping sends a yamux ping and waits until anything comes in. It ends with ctx or with the
// session, or with mux.ErrPingTimeout.
func (s *Session) Ping(ctx context.Context) error {
	before := s.conn.Signs.Read.Load()
	answered := make(chan error, 1)
	if !s.group.run(func() {
		_, err := s.yamux.Ping()
		answered <- err
	}) {
		return s.Cause()
	}
	select {
	case err := <-answered:
		if s.conn.Signs.Read.Load() != before {
			return nil // the server lives, also if the answer did not come
		}
		return err
	case <-s.ctx.Done():
		return s.Cause()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// verification is a ping before calls with Request.Verify, which share it.
type verification struct {
	done     chan struct{} // closed when it has ended
	answered bool          // something came in; read after done
}

// verify waits for a sign of life if nothing has come in for the silence limit: a device
// on the way may have forgotten the session while it was idle, and then the outcome of a
// request would be unknown. The error is why none came; it was reported.
func (s *Session) verify(ctx context.Context, timer *time.Timer, r *Request) error {
	if !r.Verify || !s.stale() {
		return nil
	}
	w := s.newWaiter(ctx, timer, 0, r.Hold)
	defer timer.Stop()
	for {
		v := s.verifying()
		ready, err := w.wait(v.done, nil)
		switch {
		case !ready:
			w.unanswered()
			return err
		case v.answered:
			return nil
		case s.Ended():
			return s.Cause()
		}
	}
}

// stale reports whether the session may be dead without a sign of it. Time that the
// machine has slept counts, which its monotonic clock does not show.
func (s *Session) stale() bool {
	limit := s.cfg.SilenceLimit
	return s.conn.Silence() >= limit || slept()-time.Duration(s.slept.Load()) >= limit
}

// verifying is the verification under way, or a new one.
func (s *Session) verifying() *verification {
	v := &verification{done: make(chan struct{})}
	for !s.verification.CompareAndSwap(nil, v) {
		if under := s.verification.Load(); under != nil {
			return under
		}
	}
	end := func() {
		s.verification.Store(nil)
		close(v.done)
	}
	before := slept()
	s.cfg.Counters.Pings.Add(1)
	if !s.group.run(func() {
		defer end()
		if v.answered = s.Ping(s.ctx) == nil; v.answered {
			s.slept.Store(int64(before))
		}
	}) {
		end()
	}
	return v
}
