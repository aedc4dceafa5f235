package pool

import (
	"context"
	"errors"
	"time"
)

// ErrAttemptTimeout is why a call ended whose Request.Limit was over, while its own
// context was not.
var ErrAttemptTimeout = errors.New("the server did not answer within its share of the call's time")

// expiry is when a request's limit is over, since the pool's origin; 0: it has none.
func (r *Request) expiry(origin time.Time) time.Duration {
	if r.Limit <= 0 {
		return 0
	}
	return time.Since(origin) + min(r.Limit, longest)
}

// findUntil is find within a limit too, which a dial may use up.
func (p *Pool) findUntil(ctx context.Context, addr string, except uint64, until time.Duration) (*session, error) {
	if until == 0 || (*p.table.Load())[addr] != nil && except == 0 {
		return p.find(ctx, addr, except)
	}
	limited, stop := context.WithDeadline(ctx, p.origin.Add(until))
	defer stop()
	s, err := p.find(limited, addr, except)
	if err != nil && limited.Err() != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, ErrAttemptTimeout
	}
	return s, err
}

// share is when a call's attempt is over, unless its answer has begun by then.
type share struct {
	over time.Duration // since the pool's origin; 0: never
	late Late          // nil: the attempt ends
}

// stoodStill is how late a limit must be seen for the reason to be that this process was
// not run: the answer may be there, and who reads it was not run either.
const stoodStill = time.Second

// next is after which time to look, at most.
func (l *share) next(now, after time.Duration) time.Duration {
	switch {
	case l.over == 0:
		return after
	case l.over > now:
		return min(after, l.over-now)
	}
	return min(after, stoodStill)
}

// due reports whether the attempt is over, where the look at it was to be at looked.
func (l *share) due(now, looked time.Duration) bool {
	return l.over > 0 && l.over <= now && now-looked < stoodStill
}

// expired ends the attempt, or has it go on: while a large request or reply is on its way,
// or while its call is made elsewhere too.
func (w *patience) expired(now time.Duration) error {
	w.over = 0
	w.update(now)
	switch {
	case w.extra.begins(now, &w.headway, w.sending()):
		w.extra = extension{since: now, bytes: w.sent + w.received, why: ErrAttemptTimeout}
	case w.late == nil:
		return ErrAttemptTimeout
	default:
		if w.moved = w.late.Late(); w.moved == nil {
			return ErrAttemptTimeout
		}
	}
	w.look(now, w.session.overdue())
	return nil
}
