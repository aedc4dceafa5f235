package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// Backoffs decides about the dials of an agent that has no Core: the back-off of each
// address, and the pace of an agent that reaches no server. It belongs to one goroutine.
type Backoffs struct {
	of    backoffs
	clock moment.Clock
	spare pieces[backoff]
}

// Chance is a function that returns a number from 0 to 1, a new one each time.
type Chance func() float64

// Chance is the next number.
func (f Chance) Chance() float64 { return f() }

// NewBackoffs knows no address.
func NewBackoffs(chance Chance) *Backoffs {
	b := &Backoffs{of: backoffs{chance: chance}}
	b.of.clock, b.of.spare = &b.clock, &b.spare
	return b
}

// Spread sets how far the dials of the fleet are spread.
func (b *Backoffs) Spread(s Spread) { b.of.spread = s }

// Refuse is why addr is not dialed now; nil: it is. connected is whether the agent has any
// session.
func (b *Backoffs) Refuse(now time.Time, addr string, connected bool) *Refusal {
	return b.of.refuse(b.clock.Of(now), addr, connected)
}

// Limits are those of the next dial to addr, for which callers wait base. second is a dial
// made after a late one.
func (b *Backoffs) Limits(addr string, base time.Duration, second bool) Limits {
	return b.of.limits(addr, base, second)
}

// Failed notes a failure. connected is whether the agent has another session.
func (b *Backoffs) Failed(now time.Time, f Failure, connected bool) {
	b.of.failed(b.clock.Of(now), f, connected)
}

// Up notes a session whose server has answered a ping, and no call yet.
func (b *Backoffs) Up(now time.Time, addr string, session uint64) {
	b.of.up(b.clock.Of(now), addr, session)
}

// Served notes that a call on a session was answered: the address is forgotten.
func (b *Backoffs) Served(addr string) { b.of.served(addr) }

// Ended notes the end of a session, and reports whether it was a failure: no call on it
// was answered in the short time that it lasted, and this side did not end it (letGo).
func (b *Backoffs) Ended(now time.Time, addr string, session uint64, letGo bool) bool {
	return b.of.ended(b.clock.Of(now), addr, session, letGo)
}
