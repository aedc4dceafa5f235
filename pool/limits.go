package pool

import (
	"context"
	"sync/atomic"
	"time"
)

// limits is how long a dial may take, from its first packet.
type limits struct {
	connect time.Duration // until a socket is connected
	whole   time.Duration // until the server has answered on the session
}

// How long a dial goes on whose callers were told that it failed: for so many times the
// limit that they have, up to a minute. A server that is busy has it in its queue, and
// works it off whether anybody waits for it or not.
const (
	lateTimes   = 32
	longestDial = time.Minute
)

// maxDoublings is how often the limit doubles. Not for long: a connect that is lost is
// tried again by the kernel less and less often, and an address that works again would
// not be found.
const maxDoublings = 2

// limits are those of the next dial to addr, of which each may take base at first. While
// dials to it end with their limit that doubles, and no two agents' alike. second is a
// dial that begins beside a late one.
func (b *backoffs) limits(addr string, base time.Duration, second bool) limits {
	connect := base
	if e := b.each[addr]; e != nil && e.timeouts > 0 {
		connect <<= min(e.timeouts, maxDoublings)
		connect += time.Duration(b.chance() * float64(connect/4))
		connect = max(base, min(connect, longestDial))
	}
	if second {
		return limits{connect: connect, whole: connect}
	}
	return limits{connect: connect, whole: max(connect, min(base*lateTimes, longestDial))}
}

// tardiness is what a dial's context says about its limits.
type tardiness struct {
	limits
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
		return state&isOverdue != 0 && (state&isConnected != 0 || t.connect > t.callers)
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
func (p *Pool) tardy(ctx context.Context, l limits, tell func(Phase)) context.Context {
	return context.WithValue(ctx, tardinessKey{}, &tardiness{limits: l, callers: p.cfg.DialTimeout, tell: tell})
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
	limited, end := context.WithTimeoutCause(ctx, t.whole, errNoAnswer(t.whole))
	return limited, func() { overdue.Stop(); end() }
}

// connecting is the time that a dial has until a socket is connected.
func connecting(limited context.Context) (context.Context, context.CancelFunc) {
	t := tardinessOf(limited)
	if t == nil || t.begin.IsZero() || t.connect >= t.whole {
		return limited, func() {}
	}
	return context.WithDeadlineCause(limited, t.begin.Add(t.connect), errNoAnswer(t.connect))
}

// connectBy is when that is over; false: never.
func connectBy(limited context.Context) (time.Time, bool) {
	if t := tardinessOf(limited); t != nil && !t.begin.IsZero() {
		return t.begin.Add(t.connect), true
	}
	return limited.Deadline()
}
