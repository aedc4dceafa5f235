package session

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// attempt is the deadline of a call's attempt, and what follows it.
type attempt struct {
	deadline time.Duration // since the origin; 0: none, or it has passed
	late     Late          // nil: the call ends at the deadline
	extra    extension
}

// frozenLimit is how late a deadline must be seen to conclude that this process did not
// run: the answer may have arrived, and the reading goroutine did not run either.
const frozenLimit = time.Second

// before is after, or sooner if the deadline comes first.
func (a *attempt) before(now, after time.Duration) time.Duration {
	switch {
	case a.deadline == 0:
		return after
	case a.deadline > now:
		return min(after, a.deadline-now)
	}
	return min(after, frozenLimit)
}

// expired reports whether the deadline has passed, for a check that was due at due.
func (a *attempt) expired(now, due time.Duration) bool {
	return a.deadline > 0 && a.deadline <= now && now-due < frozenLimit
}

// expire follows the deadline: the attempt ends, or is extended while a large request or
// reply is on its way.
func (w *waiter) expire(now time.Duration) error {
	w.attempt.deadline = 0
	w.update(now)
	extra := &w.attempt.extra
	if !extra.deserved(now, &w.progress) {
		return w.endAttempt(now, ErrAttemptTimeout)
	}
	*extra = extension{since: now, received: w.received, cause: ErrAttemptTimeout}
	w.checkAfter(now, min(w.session.overdue(w.probe), extra.next(now, &w.progress)))
	return nil
}

// endAttempt returns cause, unless the call may go on while it is made elsewhere too.
func (w *waiter) endAttempt(now time.Duration, cause error) error {
	w.attempt.extra = extension{}
	late := w.attempt.late
	if late == nil {
		return cause
	}
	w.attempt.late = nil
	var moved <-chan struct{}                          // w stays on its caller's stack
	p := contain.Apart(func() { moved = late.Late() }) // it is the caller's, and the call must be counted out
	w.moved = moved
	w.session.cfg.Logger.Panicked("Request.Late", p)
	if p != nil || w.moved == nil {
		return cause
	}
	w.checkAfter(now, w.session.overdue(w.probe))
	return nil
}
