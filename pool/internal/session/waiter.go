package session

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// waiter waits for one call or one opening: for a result, for its context, for the
// session. While it waits it reports a silent or late server to the owner, repeatedly.
type waiter struct {
	session *base
	ctx     context.Context
	timer   *time.Timer   // fires when check is due
	due     time.Duration // when that is, since the origin
	progress
	attempt  attempt         // its deadline
	answer   *incoming       // of the answer; may be nil
	route    *mux.Route      // that carries a large request; nil: the request is small
	sentOf   *int            // bytes of the request that were put into frames
	window   int64           // of the route before the request
	moved    <-chan struct{} // closed when the call is to be made elsewhere; nil: never
	retiring <-chan struct{} // closed when the session is retired; nil: no matter
	deserted <-chan struct{} // closed when the server answers no calls; nil: no matter

	method   string
	reported time.Duration // when Late was last reported and no call answered since; 0: not
	quiet    bool          // nothing is reported
	probe    bool          // as of Request
}

// newWaiter begins to wait. The server may take hold beyond what block asks for, 0 for
// Config.HoldTimeout. The timer must be stopped in the end.
func (s *base) newWaiter(ctx context.Context, timer *time.Timer, block, hold time.Duration) waiter {
	held := min(block, LongestBlock)
	held += held / 16 // over which servers spread their answers
	if hold <= 0 {
		hold = s.cfg.HoldTimeout
	}
	w := waiter{session: s, ctx: ctx, timer: timer}
	w.progress = progress{begin: s.cfg.now(), pause: min(hold, Longest), block: held}
	w.checkAfter(w.begin, poolcore.FirstLook(held, s.cfg.SilenceLimit, w.pause))
	return w
}

// checkAfter has the timer fire after a while, or at the attempt's deadline.
func (w *waiter) checkAfter(now, after time.Duration) {
	after = w.attempt.before(now, after)
	w.due = now + after
	w.timer.Reset(after)
}

// wait returns true when done has a value, false when room has one. The error is why it
// gave up; done may have a value all the same.
func (w *waiter) wait(done, room <-chan struct{}) (bool, error) {
	s := w.session
	for {
		select {
		case <-done:
			return true, nil
		case <-room:
			return false, nil
		case <-s.ctx.Done():
			return false, s.Cause()
		case <-w.ctx.Done():
			return false, w.ctx.Err()
		case <-w.moved:
			if !w.staysFor(1) {
				return false, ErrMoved
			}
		case <-w.retiring:
			if !w.staysFor(1) {
				return false, s.moved
			}
		case <-w.deserted:
			if !w.staysFor(slowestCall) {
				return false, s.unserved
			}
			w.deserted = nil
		case <-w.timer.C:
			if err := w.check(); err != nil {
				return false, err
			}
		}
	}
}

// staysFor reports whether a call that is to be made elsewhere stays, because so many
// bytes of its answer are there, which would have to come again.
func (w *waiter) staysFor(bytes int64) bool {
	if w.update(w.session.cfg.now()); w.received < bytes {
		return false
	}
	w.moved, w.retiring = nil, nil
	return true
}

// check follows the timer: the call ends with an error, or the timer is set anew.
func (w *waiter) check() error {
	s, now := w.session, w.session.cfg.now()
	w.update(now)
	w.countUnsent(now)
	until := w.until()
	// A check that is so late was late because this process did not run. The answer may
	// have arrived long ago: the reading goroutine did not run either.
	frozen := now-w.due >= s.cfg.SilenceLimit
	switch extra := &w.attempt.extra; {
	case w.attempt.expired(now, w.due):
		return w.expire(now)
	case extra.cause != nil && !frozen && extra.stalled(now, &w.progress):
		return w.endAttempt(now, extra.cause)
	case extra.cause == nil && w.early(now):
	case now < until:
		w.checkAfter(now, min(s.overdue(w.probe), w.checkLate(now, now-w.begin), until-now, extra.next(now, &w.progress)))
	case frozen:
		w.checkAfter(now, s.cfg.SilenceLimit)
	case w.received > 0:
		return s.cfg.Errors.Hold(w.pause, w.received)
	default:
		return s.cfg.Errors.Hold(w.block+w.pause, 0)
	}
	return nil
}

// update notes how much of the answer has come.
func (w *waiter) update(now time.Duration) {
	if w.answer == nil {
		return
	}
	w.lastByte, w.received = time.Duration(w.answer.last.Load()), w.answer.bytes.Load()
	if w.noticed == 0 && w.lastByte > 0 {
		w.noticed = now
	}
}

// lookEarly has a call that may wait for its answer for minutes check soon whether streams
// are acknowledged: an acknowledgement takes no longer than any other answer.
func (w *waiter) lookEarly() {
	now := w.session.cfg.now()
	if limit := w.session.cfg.SilenceLimit; w.due-now > limit {
		w.checkAfter(now, limit)
	}
}

// early reports whether the timer has fired before the call can be late, and sets it anew.
func (w *waiter) early(now time.Duration) bool {
	s := w.session
	s.reportUnopened()
	limit := s.cfg.SilenceLimit
	late := w.begin + w.block + min(limit, w.pause) - now
	if late <= 0 {
		return false
	}
	if s.conn.Opens.Waiting() > 0 {
		late = min(late, limit)
	}
	w.checkAfter(now, late)
	return true
}
