package pool

import (
	"errors"
	"time"
)

// DialPolicy decides about an agent's dials as a Pool does, without a clock, I/O or
// chance of its own: it is for simulations of many agents. It belongs to one goroutine.
// Make one with NewDialPolicy.
type DialPolicy struct{ of backoffs }

// NewDialPolicy makes a DialPolicy. chance returns a number from 0 to 1, a new one at
// each call.
func NewDialPolicy(chance func() float64) *DialPolicy {
	return &DialPolicy{backoffs{each: make(map[string]*backoff), chance: chance}}
}

// Spread sets the time in which each agent of the fleet may dial once.
func (d *DialPolicy) Spread(over time.Duration) { d.of.spread = over }

// Refuse is why addr is not dialed now, an error that has a *BackoffError in it; nil: it
// is dialed. connected says whether the agent has any session.
func (d *DialPolicy) Refuse(now time.Time, addr string, connected bool) error {
	return d.of.refuse(now, addr, connected)
}

// Limit is how long the next dial to addr may take, where callers wait for base. beside
// says that another dial to it is under way, for which nobody waits any more.
func (d *DialPolicy) Limit(addr string, base time.Duration, beside bool) time.Duration {
	return d.of.limits(addr, base, beside).whole
}

// Failed notes a dial that failed, late: because it was not answered in time, after
// limit.
func (d *DialPolicy) Failed(now time.Time, addr string, late bool, limit time.Duration, connected bool) {
	err := errors.New("refused")
	if late {
		err = errNoAnswer(limit)
	}
	d.of.failed(now, addr, err, connected)
}

// Up notes a session with addr.
func (d *DialPolicy) Up(now time.Time, addr string, session uint64) { d.of.up(now, addr, session) }

// Served notes that a call on a session with addr was answered.
func (d *DialPolicy) Served(addr string) { d.of.served(addr) }

// Ended notes that a session broke. connected says whether the agent has another one.
func (d *DialPolicy) Ended(now time.Time, addr string, session uint64, cause error, connected bool) {
	if d.of.ended(now, addr, session, cause) {
		d.of.failed(now, addr, cause, connected)
	}
}
