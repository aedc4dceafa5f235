package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// enter is what comes first in every step.
func (c *Core) enter(at time.Time) moment.Time {
	c.now, c.next.all = c.cfg.clock.Of(at), unknown
	return c.now
}

// Step takes one message.
func (c *Core) Step(at time.Time, m Message) {
	now := c.enter(at)
	switch m := m.(type) {
	case Connect:
		c.connect(now, m)
	case Dialed:
		c.heard()
		c.dialed(now, m)
	case DialLate:
		c.dialLate(now, m)
	case Withdraw:
		c.withdraw(m)
	case Proven:
		c.dials.served(m.Addr)
	case DialSpread:
		c.dials.spread = m.Spread
	case ServersAdded:
		c.dials.pace = nil
	case Disconnected:
		c.ended(now, m.Addr, m.Session, m.Err)
		c.forget(m.Addr, m.Session)
	case Leaving:
		c.ended(now, m.Addr, m.Session, ErrLeaving)
		if l := c.links.find(m.Addr); l != nil && l.up && l.session == m.Session {
			c.drop(now, m.Addr, l, ErrLeaving)
		}
	case Retain:
		c.move(now, m.Addr)
	case HeartbeatTTL:
		c.setTTL(now, m.TTL)
	case Drained:
		c.drained(now, m.Session)
	case Surplus:
		c.surplus(now, m.Session)
	case Keepalive:
		c.keepalive = m.Interval
		for _, s := range c.sessions {
			s.liveness.next = c.nextUnder(s.liveness.next, now)
		}
	case Overdue:
		c.overdue(now, m.Session, m.Probe)
	case Pinged:
		c.pinged(m)
	case Unanswered:
		c.leftSilent(m)
		c.leftLate(m)
	case Unopened:
		c.unopened(now, m.Session)
	case Late:
		c.late(now, m.Session, m.Probe)
	case Served:
		c.served(now, m)
	case Corroborated:
		c.corroborate(now, m)
	case Renew:
		c.renewAsked(m)
	case Secured:
		c.secured()
	case Retrusted:
		c.retrusted()
	case Checked:
		c.checked(now, m)
	}
}

// Deadline is when Expire is to be called; zero: never.
func (c *Core) Deadline() time.Time { return c.cfg.clock.Time(c.deadlines().all) }

// Rest is the Deadline of a simulation that knows two things: the pings that [Keepalive]
// asks for are answered, and the retained session is looked at in vain. When either
// changes Expire is to be called, late as it may be.
func (c *Core) Rest() time.Time { return c.cfg.clock.Time(c.deadlines().resting) }

func (c *Core) deadlines() *deadlines {
	if c.next.all != unknown {
		return &c.next
	}
	at, looks := c.limitAt, moment.Time(0)
	for _, s := range c.sessions {
		at = sooner(sooner(at, s.trim), s.until)
		at = sooner(sooner(at, s.openings.look), s.liveness.due())
		if s.service != nil {
			at = sooner(at, s.service.deadline())
		}
		looks = sooner(looks, s.liveness.next)
		if s.cause != nil || s.addr != c.retained {
			at = sooner(at, s.check)
		} else {
			looks = sooner(looks, s.check)
		}
	}
	for _, l := range c.links {
		at = sooner(at, l.renewal.again)
	}
	c.next = deadlines{all: sooner(at, looks), resting: at}
	return &c.next
}

// Expire gives up the pings that are due, trims idle streams, and ends the sessions that are no
// longer used, no longer trusted, or too many.
func (c *Core) Expire(at time.Time) {
	now := c.enter(at)
	c.expireLiveness(now)
	c.expireService(now)
	c.expireOpenings(now)
	c.renewDue(now)
	for s := range c.sessions.all() {
		if due(s.trim, now) {
			c.trimDue(now, s, c.usage(s.id))
		}
		switch {
		case due(s.until, now):
			c.distrust(s)
		case due(s.check, now):
			c.look(now, s, c.usage(s.id))
		}
	}
	if due(c.limitAt, now) {
		c.limitAt = 0
		c.limit()
	}
}

// Take hands over the effects; the slice is valid until the next Step or Expire of any core
// with the same Config, which uses its memory again.
func (c *Core) Take() []Effect {
	out := c.effects
	c.effects = nil
	if cap(out) > cap(c.cfg.spare) {
		c.cfg.spare = out[:0]
	}
	return out
}
