package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// abandon gives up a dial that nobody waits for. It is reported as Dialed all the same.
type abandon struct{ session uint64 }

func (abandon) effect() {}

// connected says whether any session is up that calls find.
func (c *core) connected() bool {
	for _, l := range c.servers {
		if l.up {
			return true
		}
	}
	return false
}

// refuse answers why addr is not to be dialed now; nil: it is.
func (c *core) refuse(addr string) error {
	return c.dials.refuse(c.at, addr, c.connected())
}

// begin has a dial made as soon as there is a slot for it.
func (c *core) begin(addr string, session uint64, probe bool) {
	c.slots.ask(&dialing{addr: addr, session: session, probe: probe})
	c.fill()
}

// fill gives slots to the dials whose turn it is.
func (c *core) fill() {
	for {
		d, gaveUp := c.slots.next()
		if gaveUp != nil {
			c.emit(abandon{session: gaveUp.session})
		}
		if d == nil {
			return
		}
		if !c.expected(d.addr, d.session) {
			c.slots.done(d.session)
			c.renewAnswered(messages.Dialed{Addr: d.addr, Session: d.session, Err: ErrNotRenewed})
			continue
		}
		d.second = c.slots.lateTo(d.addr)
		_, better := c.asked[d.session]
		c.emit(dial{addr: d.addr, session: d.session, better: better, limits: c.dials.limits(d.addr, c.cfg.dial, d.second)})
	}
}

// expected says whether the session that a dial makes is of use.
func (c *core) expected(addr string, session uint64) bool {
	l := c.servers[addr]
	return l != nil && (l.session == session || l.renewal.session == session)
}

// judges reports whether the way a dial goes speaks for or against its server. That of one
// for a better session does not: there is another one that works.
func (c *core) judges(addr string, session uint64) bool {
	_, better := c.asked[session]
	return !better && c.expected(addr, session)
}

// dialLate takes it that a dial has not been answered in the time that callers have. They
// are told so and go elsewhere; the dial goes on, because a server that is busy works it
// off all the same. Who comes later has another one made beside it, which does not, and
// whichever is answered first is used: what is late may be lost.
func (c *core) dialLate(now time.Time, m messages.DialLate) {
	d := c.slots.running[m.Session]
	if d == nil || d.late || d.stale {
		return
	}
	d.late = true
	if c.judges(m.Addr, m.Session) {
		c.dials.failed(now, m.Addr, m.Err, c.connected())
		c.dials.hold(m.Addr, now.Add(latePause(c.cfg.dial, c.cfg.chance())))
	}
	if l := c.servers[m.Addr]; l != nil && l.session == m.Session {
		d.stands, d.spare = l.stands, l.spare
		if l.late = d.second; !l.late {
			delete(c.servers, m.Addr)
		}
		c.answerAll(l, m.Err)
	}
	c.fill()
}

// landed frees the slot of a dial that has ended, and notes what that says about its
// address.
func (c *core) landed(now time.Time, m messages.Dialed) (d *dialing) {
	d = c.slots.done(m.Session)
	switch {
	case m.Err == nil:
		c.dials.up(now, m.Addr, m.Session)
	case d != nil && !d.late && c.judges(m.Addr, m.Session):
		c.dials.failed(now, m.Addr, m.Err, c.connected())
	}
	return d
}

// adopt makes the session of a dial that was late the one that calls find, and reports
// whether it did: there may be one already.
func (c *core) adopt(m messages.Dialed, d *dialing) bool {
	l := c.servers[m.Addr]
	if m.Err != nil || d == nil || !d.late || d.stale || l != nil && l.up {
		return false
	}
	stands, spare := d.stands, d.spare
	if l != nil {
		stands, spare = stands || l.stands, spare && l.spare
		if !c.slots.drop(l.session) {
			c.emit(abandon{session: l.session})
		}
	}
	c.servers[m.Addr] = &link{session: m.Session, up: true, spare: spare}
	c.spare(c.at, c.servers[m.Addr], c.sessions[m.Session])
	c.emit(publish{})
	if stands {
		c.emit(replaced{addr: m.Addr})
	}
	if l != nil {
		c.answerAll(l, nil)
	}
	return true
}

// answerAll answers those who wait for a link.
func (c *core) answerAll(l *link, err error) {
	for _, w := range l.waiters {
		c.emit(answer{to: w, err: err})
	}
	l.waiters = nil
}

// withdraw forgets one who waits no more. A dial that waits for its turn is not made for
// nobody; one that is under way goes on.
func (c *core) withdraw(m messages.Withdraw) {
	l := c.servers[m.Addr]
	if l == nil {
		return
	}
	l.waiters = without(l.waiters, m.Reply)
	if len(l.waiters) == 0 && !l.up && !l.stands && c.slots.drop(l.session) {
		delete(c.servers, m.Addr)
	}
}

// without is waiters but for one.
func without(waiters []actor.Reply[error], one actor.Reply[error]) []actor.Reply[error] {
	for i, w := range waiters {
		if w == one {
			return append(waiters[:i], waiters[i+1:]...)
		}
	}
	return waiters
}

// ended notes what the end of a session says about its address.
func (c *core) ended(now time.Time, addr string, session uint64, err error) {
	if c.dials.ended(now, addr, session, err) {
		c.dials.failed(now, addr, &DialError{Addr: addr, Phase: PhaseHandshake, Err: err}, c.others(session))
	}
}

// others says whether a session other than this one is up.
func (c *core) others(session uint64) bool {
	for _, l := range c.servers {
		if l.up && l.session != session {
			return true
		}
	}
	return false
}

// retrust has dials made with former credentials come to nothing, and those who were
// refused for these dial at once.
func (c *core) retrust() {
	c.dials.trust()
	for _, d := range c.slots.running {
		d.stale = true
	}
}

// isLate says whether a dial under way is late already.
func (c *core) isLate(session uint64) bool {
	d := c.slots.running[session]
	return d != nil && d.late
}
