package dialing

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// LateError is context.DeadlineExceeded with the limit in its text.
type LateError struct{ Limit time.Duration }

func (e *LateError) Error() string { return fmt.Sprintf("no answer within %v", e.Limit) }

// Unwrap is context.DeadlineExceeded.
func (e *LateError) Unwrap() error { return context.DeadlineExceeded }

// timing is the part of a dial's context about its limits.
type timing struct {
	poolcore.Limits
	callers time.Duration        // how long callers wait for it
	begin   time.Time            // of the dial; zero: it has other limits
	late    func(connected bool) // called once, when their time is over and the dial goes on
	state   atomic.Uint32
}

// The bits of timing.state.
const (
	isConnected uint32 = 1 << iota // a socket is
	isOverdue                      // the callers' time is over
)

// mark notes one of them. A dial that is not connected when its callers' time is over is
// about to end, unless its own limit is longer.
func (t *timing) mark(bit uint32) {
	if t == nil {
		return
	}
	isLate := func(state uint32) bool {
		return state&isOverdue != 0 && (state&isConnected != 0 || t.Connect > t.callers)
	}
	before := t.state.Or(bit)
	if after := before | bit; !isLate(before) && isLate(after) {
		t.late(after&isConnected != 0)
	}
}

type timingKey struct{}

// WithLimits is ctx for a dial with these limits, for which callers wait that long. late is
// called once, by any goroutine, when their time is over and the dial goes on.
func WithLimits(ctx context.Context, l poolcore.Limits, callers time.Duration, late func(connected bool)) context.Context {
	return context.WithValue(ctx, timingKey{}, &timing{Limits: l, callers: callers, late: late})
}

// timingOf is that of a dial's context; nil: it has one limit.
func timingOf(ctx context.Context) *timing {
	t, _ := ctx.Value(timingKey{}).(*timing)
	return t
}

// Begin begins the time that a dial has: that of WithLimits, or else limit. stop must be
// called when it has ended.
func Begin(ctx context.Context, limit time.Duration) (limited context.Context, stop context.CancelFunc) {
	t := timingOf(ctx)
	if t == nil {
		return context.WithTimeoutCause(ctx, limit, &LateError{limit})
	}
	t.begin = time.Now()
	overdue := time.AfterFunc(t.callers, func() { t.mark(isOverdue) })
	limited, end := context.WithTimeoutCause(ctx, t.Whole, &LateError{t.Whole})
	return limited, func() { overdue.Stop(); end() }
}

// Connecting is the time that a dial has until a socket is connected.
func Connecting(limited context.Context) (context.Context, context.CancelFunc) {
	t := timingOf(limited)
	if t == nil || t.begin.IsZero() || t.Connect >= t.Whole {
		return limited, func() {}
	}
	return context.WithDeadlineCause(limited, t.begin.Add(t.Connect), &LateError{t.Connect})
}

// Connected notes that a socket of the dial is connected.
func Connected(limited context.Context) { timingOf(limited).mark(isConnected) }

// connectBy is when the time to connect is over; false: never.
func connectBy(limited context.Context) (time.Time, bool) {
	if t := timingOf(limited); t != nil && !t.begin.IsZero() {
		return t.begin.Add(t.Connect), true
	}
	return limited.Deadline()
}

// Reason is why a dial within ctx failed with err: the end of ctx, if that is why. A socket
// knows the deadline too, and can be first.
func Reason(ctx context.Context, err error) error {
	if at, limited := ctx.Deadline(); limited && !time.Now().Before(at) {
		<-ctx.Done() // about to be
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
