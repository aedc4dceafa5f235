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

// findUntil is seek within a limit too, which a dial may use up.
func (p *Pool) findUntil(ctx context.Context, addr string, except uint64, until time.Duration, probe bool) (*session, error) {
	if until == 0 || (*p.table.Load())[addr] != nil && except == 0 {
		return p.seek(ctx, addr, except, probe)
	}
	limited, stop := context.WithDeadline(ctx, p.origin.Add(until))
	defer stop()
	s, err := p.seek(limited, addr, except, probe)
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

// expired follows the end of the attempt's share: it ends, or goes on while a large request
// or reply is on its way.
func (w *patience) expired(now time.Duration) error {
	w.over = 0
	w.update(now)
	if !w.extra.begins(now, &w.headway) {
		return w.elapsed(now, ErrAttemptTimeout)
	}
	w.extra = extension{since: now, received: w.received, why: ErrAttemptTimeout}
	w.look(now, min(w.session.overdue(), w.extra.left(now, &w.headway)))
	return nil
}

// elapsed ends an attempt that has had its share and what it was given beyond that, for
// why, or has it go on where its call is made elsewhere too.
func (w *patience) elapsed(now time.Duration, why error) error {
	w.extra = extension{}
	if w.late == nil {
		return why
	}
	late := w.late
	w.late = nil
	if w.moved = late.Late(); w.moved == nil {
		return why
	}
	w.look(now, w.session.overdue())
	return nil
}
