package poolcore

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// overdue starts a ping, unless one is under way, and has another server looked for that
// answers. Overdue is repeated for as long as callers wait, so a session that is neither
// alive nor given up is pinged again and again.
func (c *Core) overdue(now moment.Time, id uint64, probe bool) {
	s := c.sessions.find(id)
	if s == nil {
		return
	}
	if s.liveness.until.IsZero() {
		c.ping(now, s)
	}
	if !probe {
		c.silent(now, s)
	}
}

// ping asks a session for a sign of life.
func (c *Core) ping(now moment.Time, s *session) {
	s.liveness.asked, s.liveness.until = now, now.Add(c.cfg.Ping)
	c.emit(Ping{Session: s.id})
}

// pinged takes the result of a ping.
func (c *Core) pinged(m Pinged) {
	s := c.sessions.find(m.Session)
	if s == nil {
		return
	}
	if m.Err == nil {
		s.liveness = s.liveness.settled()
		s.openings.alive = true
		return
	}
	c.unanswered(s)
}

// leftSilent remembers a caller that gave up before its call was overdue. The session is
// looked at when it would have been, so that a call with a short deadline counts too.
func (c *Core) leftSilent(m Unanswered) {
	s := c.sessions.find(m.Session)
	if s == nil || !m.Silent || !s.liveness.until.IsZero() {
		return
	}
	l := &s.liveness
	switch {
	case l.look.IsZero():
		l.look, l.lookProbe = c.cfg.clock.Of(m.Since).Add(c.cfg.Silence), m.Probe
	case !m.Probe:
		l.lookProbe = false
	}
}

// expireLiveness counts the pings that were not answered in time, and looks at the
// sessions of callers that left.
func (c *Core) expireLiveness(now moment.Time) {
	for s := range c.sessions.all() {
		id, l := s.id, &s.liveness
		if !l.look.IsZero() && !l.look.After(now) {
			l.look = 0
			if now.Sub(c.usage(id).heard) >= c.cfg.Silence {
				c.overdue(now, id, l.lookProbe)
			}
		}
		if !l.next.IsZero() && !l.next.After(now) {
			c.lookForLife(now, s, c.usage(id))
		}
		if due(l.search, now) {
			if l.search = 0; !c.usage(id).heard.After(l.asked) {
				c.search(now, s)
			}
		}
		if l.until.IsZero() || l.until.After(now) {
			continue
		}
		switch u := c.usage(id); {
		case u.sending.After(now):
			l.until = u.sending // and the ping behind it
		case u.heard.After(l.asked):
			*l = l.settled() // not the answer to the ping, but a sign of life
		case now.Sub(l.until) >= c.cfg.Silence:
			// So late only because this process was not run, nor its reading goroutine.
			l.until = now.Add(c.cfg.Silence)
		default:
			c.unanswered(s)
		}
	}
}

// nextKeepalive is when to look for life after now.
func (c *Core) nextKeepalive(now moment.Time) moment.Time {
	if c.keepalive <= 0 {
		return 0
	}
	return now.Add(c.keepalive)
}

// nextUnder is when to look for life under an interval that has just changed, where next
// was the time before. An interval that keeps changing must not put that off for ever.
func (c *Core) nextUnder(next, now moment.Time) moment.Time {
	at := c.nextKeepalive(now)
	if at.IsZero() {
		return at
	}
	return sooner(at, next)
}

// lookForLife pings a session that carries nothing but calls which may wait for long.
// Bytes that come in are life enough; a session without calls sends nothing. Nothing is
// late yet: a server that lives has answered before another one is asked, or dialed for it.
func (c *Core) lookForLife(now moment.Time, s *session, u usage) {
	l := &s.liveness
	l.next = c.nextKeepalive(now)
	switch {
	case !u.busy:
	case now.Sub(u.heard) < c.keepalive:
		l.next = c.nextKeepalive(u.heard)
	case l.until.IsZero():
		c.ping(now, s)
		l.search = now.Add(c.cfg.Ping / 2)
	}
}

// unanswered notes a failed ping.
func (c *Core) unanswered(s *session) {
	s.liveness.until, s.liveness.failed = 0, true
	if !c.decide(s) {
		c.redial(s)
	}
}

// heard settles the sessions on which a byte came in since their ping.
func (c *Core) heard() {
	for _, s := range c.sessions {
		if s.liveness.open() && c.usage(s.id).heard.After(s.liveness.asked) {
			s.liveness = s.liveness.settled()
		}
	}
}

// corroborate notes that another server answers, for every session to m.Addr.
func (c *Core) corroborate(now moment.Time, m Corroborated) {
	for s := range c.sessions.all() {
		if s.addr != m.Addr {
			continue
		}
		c.corroborateService(now, s)
		if s.liveness.open() {
			s.liveness.corroborated = true
			c.decide(s)
		}
	}
}

// decide ends a session whose silence is certain, and reports whether it did.
func (c *Core) decide(s *session) bool {
	if !s.liveness.failed || c.cfg.Corroborate && !s.liveness.corroborated {
		return false
	}
	c.cut(s, fmt.Errorf("%w: no answer to a ping within %v", ErrSilent, c.cfg.Ping))
	return true
}
