package poolcore

import "github.com/open-nomad/rpcproxy/internal/moment"

// secured has every session replaced. The calls on the old ones run to their end, unless
// their servers are no longer trusted.
func (c *Core) secured() {
	c.retrust()
	for l := range c.links.all() {
		c.renew(l)
	}
}

// retrusted makes the dials under way again: they may fail for the trust that was wanting.
func (c *Core) retrusted() {
	c.retrust()
	for l := range c.links.all() {
		if !l.up || l.renewal.session != 0 && !l.renewal.better && !l.renewal.proving {
			c.renew(l)
		}
	}
}

// retrust makes the dials with former credentials useless, and ends the back-off that
// these caused.
func (c *Core) retrust() {
	c.dials.trust()
	for _, d := range c.slots.running {
		if !d.stale && !c.isRenewal(d.session) {
			c.emit(Abandon{Session: d.session})
		}
		d.stale = true
	}
}

// checked sets when the sessions end whose servers are no longer trusted. Those of which
// trust was withdrawn and that are trusted again go on.
func (c *Core) checked(now moment.Time, m Checked) {
	for _, id := range m.Trusted {
		if s := c.sessions.find(id); s != nil {
			s.until = 0
		}
	}
	for _, d := range m.Distrusted {
		s := c.sessions.find(d.Session)
		if s == nil {
			continue
		}
		s.until = sooner(s.until, c.cfg.clock.Of(d.Since).Add(c.cfg.Drain))
		switch l := c.links.find(s.addr); {
		case l == nil || !l.up || l.session != d.Session:
		case !l.renewal.again.IsZero():
			c.forsake(now, s.addr, l, c.dials.last(s.addr)) // which was dialed already, in vain
		case l.renewal.session == 0 || l.renewal.better || l.renewal.proving:
			c.renew(l)
		}
	}
}

// distrusted reports whether the session's server is no longer trusted.
func (s *session) distrusted() bool { return !s.until.IsZero() }

// forsake has calls leave a session whose server is no longer trusted, and was dialed in vain
// for another one. It is judged by that dial.
func (c *Core) forsake(now moment.Time, addr string, l *link, err error) {
	c.drop(now, addr, l, errDistrusted)
	c.emit(DialFailed{Addr: addr, Err: err, Again: true, Current: true})
}

// distrust ends a session whose trust was withdrawn, and whose time to drain is over. If
// calls find it, its successor is not up yet: the dial for that goes on in its place, or
// one begins, and the server is judged by it.
func (c *Core) distrust(s *session) {
	l := c.links.find(s.addr)
	c.cut(s, ErrDrained)
	if l == nil || l.session != s.id {
		return
	}
	next := &link{addr: s.addr, session: l.renewal.session, afterCut: true}
	c.links.put(next)
	// A session that has yet to be proven may be refused, or is up: no dial is under way.
	if next.session == 0 || l.renewal.better || l.renewal.proving {
		c.renew(next)
	}
}
