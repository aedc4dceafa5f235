package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// overtime tells the owner of a call that waits for longer than its method usually takes,
// while no call on the session is answered, and answers after which time to look again.
// It looks less and less often: a call that takes long costs a Status.Ping now and then.
func (w *patience) overtime(now, waited time.Duration) time.Duration {
	s, floor := w.session, w.session.pool.cfg.SilenceLimit
	if w.quiet || w.method == "" { // nothing was sent that is to be answered
		return longest
	}
	answered := time.Duration(s.tap.lastAnswered.Load())
	waited -= w.held
	limit := floor
	if w.held == 0 {
		if w.told > 0 && answered > w.told {
			// The server serves: this call takes as long as it does.
			s.pool.patient.note(s.addr, w.method, waited)
			w.told = 0
		}
		limit = s.pool.lateAfter(s.addr, w.method)
	}
	silent := now - max(answered, w.begin+w.held)
	if waited < limit || silent < floor {
		return max(limit-waited, floor-silent)
	}
	w.told = now
	// A full mailbox loses it; the next look repeats it.
	_ = s.pool.actor.TryTell(mail{Message: core.Late{Addr: s.addr, Session: s.id}})
	return min(max(waited, floor), usualMost*floor)
}

// lateAfter is after which time a call of method to the server at addr is late.
func (p *Pool) lateAfter(addr, method string) time.Duration {
	return max(p.usual.late(addr, method), p.patient.late(addr, method))
}

// answered learns from a call that was answered.
func (w *patience) answered() {
	if s := w.session; w.held == 0 && !w.quiet {
		s.pool.usual.note(s.addr, w.method, time.Duration(s.tap.lastAnswered.Load())-w.begin)
	}
}

// unanswered tells the owner of a caller that leaves, if nothing has come in, or no
// call was answered, since its call began. A caller that has hardly waited says nothing
// of the second; of those that have, one now and then will do.
func (w *patience) unanswered() {
	s, floor := w.session, w.session.pool.cfg.SilenceLimit
	if w.quiet {
		return
	}
	silent := s.tap.lastRead.Load() <= int64(w.begin)
	var due time.Time
	if s.tap.lastAnswered.Load() <= int64(w.begin) {
		now, last := time.Since(s.pool.origin), s.leftLast.Load()
		if now-w.begin >= floor/10 && now-time.Duration(last) >= floor/10 && s.leftLast.CompareAndSwap(last, int64(now)) {
			due = s.pool.origin.Add(w.begin + s.pool.lateAfter(s.addr, w.method))
		}
	}
	if silent || !due.IsZero() {
		_ = s.pool.actor.TryTell(mail{Message: core.Unanswered{
			Addr: s.addr, Session: s.id, Since: s.pool.origin.Add(w.begin), Silent: silent, Late: due,
		}})
	}
}

// desert has the calls leave that can be made elsewhere. Only the pool's owner calls
// it, once.
func (s *session) desert(why error) {
	s.unserved = why
	close(s.deserted)
}

// elsewhere is why calls that move leave a session which takes no new ones.
func (s *session) elsewhere() error {
	if errors.Is(s.why, ErrNotServing) {
		return s.why // that is a failure of the server's
	}
	return fmt.Errorf("%w: %w", ErrMoved, s.why)
}

// serves makes a Status.Ping on the session, be it retired or not: nil if it was
// answered. It waits longer than the server is judged by, so that one which is slow is
// known to be.
func (s *session) serves(ctx context.Context) error {
	if !s.enterRetired() {
		return s.cause()
	}
	ctx, stop := context.WithTimeout(ctx, 2*s.pool.cfg.PingTimeout)
	defer stop()
	p := s.pool
	_, err := s.call(ctx, &Request{Method: pingMethod, Args: &emptyMap, asking: true}, p.counts.calls.Add(1), 0)
	if errors.As(err, new(*RemoteError)) || errors.As(err, new(*DecodeError)) {
		return nil // an answer
	}
	return err
}

// enterRetired counts a call in although the session may take no new ones; it answers
// false for one that is ending.
func (s *session) enterRetired() bool {
	for n := s.calls.Load(); n&shutOff == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// ask makes a Status.Ping on a session in a goroutine of its own.
func (o *owner) ask(e core.Ask) {
	s := o.live[e.Session]
	if s == nil {
		return
	}
	o.pool.counts.asks.Add(1)
	o.self.Go(func(ctx context.Context) {
		err := s.serves(ctx)
		_ = o.tell(ctx, mail{Message: core.Served{Addr: e.Addr, Session: e.Session, Err: err}})
	})
}

// desert has calls leave a session, after the pool's user was told of its server.
func (o *owner) desert(e core.Desert) {
	s := o.live[e.Session]
	if s == nil {
		return
	}
	o.pool.cfg.Logger.Debug().Str("server", s.addr).Int64("on_it", s.inFlight()).Str("error", said{server: s.addr}.text(e.Cause)).
		Msg("calls leave a session whose server answers none")
	o.judge(e.Addr, e.Session, e.Cause)
	s.desert(e.Cause)
}
