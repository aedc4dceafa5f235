package pool

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// tardiness is what a dial's context says about its limits.
type tardiness struct {
	core.Limits
	callers time.Duration  // how long callers wait for it
	begin   time.Time      // of the dial; zero: it has other limits
	tell    func(at Phase) // called once, when their time is over and the dial goes on
	state   atomic.Uint32
}

// The bits of tardiness.state.
const (
	isConnected uint32 = 1 << iota // a socket is
	isOverdue                      // the callers' time is over
)

// mark notes one of them. A dial that is not connected when its callers' time is over is
// about to end, unless its own limit is longer.
func (t *tardiness) mark(bit uint32) {
	if t == nil {
		return
	}
	late := func(state uint32) bool {
		return state&isOverdue != 0 && (state&isConnected != 0 || t.Connect > t.callers)
	}
	before := t.state.Or(bit)
	if after := before | bit; !late(before) && late(after) {
		at := PhaseDial
		if after&isConnected != 0 {
			at = PhaseHandshake
		}
		t.tell(at)
	}
}

type tardinessKey struct{}

// tardy is ctx for a dial with these limits, of which tell is told when it is late.
func (p *Pool) tardy(ctx context.Context, l core.Limits, tell func(Phase)) context.Context {
	return context.WithValue(ctx, tardinessKey{}, &tardiness{Limits: l, callers: p.cfg.DialTimeout, tell: tell})
}

// tardinessOf is that of a dial's context; nil: it has one limit.
func tardinessOf(ctx context.Context) *tardiness {
	t, _ := ctx.Value(tardinessKey{}).(*tardiness)
	return t
}

// dialLimit is the time that a dial has.
func (p *Pool) dialLimit(ctx context.Context) (limited context.Context, stop context.CancelFunc) {
	t := tardinessOf(ctx)
	if t == nil {
		return context.WithTimeoutCause(ctx, p.cfg.DialTimeout, errNoAnswer(p.cfg.DialTimeout))
	}
	t.begin = time.Now()
	overdue := time.AfterFunc(t.callers, func() { t.mark(isOverdue) })
	limited, end := context.WithTimeoutCause(ctx, t.Whole, errNoAnswer(t.Whole))
	return limited, func() { overdue.Stop(); end() }
}

// connecting is the time that a dial has until a socket is connected.
func connecting(limited context.Context) (context.Context, context.CancelFunc) {
	t := tardinessOf(limited)
	if t == nil || t.begin.IsZero() || t.Connect >= t.Whole {
		return limited, func() {}
	}
	return context.WithDeadlineCause(limited, t.begin.Add(t.Connect), errNoAnswer(t.Connect))
}

// connectBy is when that is over; false: never.
func connectBy(limited context.Context) (time.Time, bool) {
	if t := tardinessOf(limited); t != nil && !t.begin.IsZero() {
		return t.begin.Add(t.Connect), true
	}
	return limited.Deadline()
}
