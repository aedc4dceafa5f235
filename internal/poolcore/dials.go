package poolcore

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// spareIdle is how long a session is kept that came up while another one was there and that no
// call has used. Its server does not know the agent by it.
const spareIdle = 5 * time.Second

// connect answers at once where there is a session, joins the dial under way, or
// starts one. A caller that gives up leaves its reply behind and the dial goes on.
func (c *Core) connect(now moment.Time, m Connect) {
	l := c.links.find(m.Addr)
	if l != nil && l.up && l.session == m.Except {
		c.ended(now, m.Addr, m.Except, ErrLeaving)
		c.drop(now, m.Addr, l, ErrLeaving)
		l = nil
	}
	switch {
	case l == nil:
		if refused := c.refuse(m.Addr); refused != nil {
			c.emit(m.waiter().answer(refused))
			return
		}
		c.last++
		c.links.put(&link{addr: m.Addr, session: c.last, waiters: c.cfg.waiters.take(m.waiter()), spare: m.Spare})
		c.begin(m.Addr, c.last, m.Probe)
	case l.up:
		c.emit(m.waiter().answer(nil))
	case l.late:
		c.emit(m.waiter().answer(c.dials.pending(now, m.Addr)))
	default:
		l.waiters, l.spare = append(l.waiters, m.waiter()), l.spare && m.Spare
		if !m.Probe {
			c.slots.wanted(l.session)
		}
	}
}

// dialed publishes a session before it answers the callers that wait for it.
func (c *Core) dialed(now moment.Time, m Dialed) {
	c.reportFailed(m.Addr, m.Session, m.Err)
	defer c.renewAnswered(m)
	l, d := c.links.find(m.Addr), c.dialEnded(now, m)
	defer c.cfg.dialings.put(d)
	defer c.fill()
	if m.Err == nil {
		c.sessions.put(&session{addr: m.Addr, id: m.Session, check: c.firstLook(now, m.Addr), liveness: liveness{next: c.nextKeepalive(now)}})
	}
	if l != nil && l.renewal.session == m.Session {
		c.renewed(now, l, m)
		return
	}
	if c.adopt(m, d) {
		return
	}
	if l == nil || l.session != m.Session {
		c.retire(now, m.Session, ErrIdle)
		return
	}
	if m.Err != nil {
		c.links.drop(m.Addr)
	} else {
		l.up, l.late = true, false
		c.markSpare(now, l)
		c.publish()
		if l.afterCut {
			c.emit(Replaced{Addr: m.Addr})
		}
	}
	c.answerAll(l, m.Err)
}

// reportFailed tells the owner of a dial that has failed, unless that was done when the
// dial was late and the server is not judged by it.
func (c *Core) reportFailed(addr string, id uint64, err error) {
	d := c.slots.running.find(id)
	again, current := d != nil && d.late, c.current(addr, id)
	if err != nil && (!again || current) {
		c.emit(DialFailed{Addr: addr, Err: err, Again: again, Current: current})
	}
}

// markSpare marks the session of a link that only Connect with Spare asked for.
func (c *Core) markSpare(now moment.Time, l *link) {
	if s := c.sessions.find(l.session); l.spare {
		s.spare, s.check = now, now.Add(min(spareIdle, c.cfg.Idle))
	}
}

// refuse is why addr is not to be dialed now; nil: it is.
func (c *Core) refuse(addr string) *Refusal {
	return c.dials.refuse(c.now, addr, c.connected(0))
}

// begin has a dial made as soon as there is a slot for it.
func (c *Core) begin(addr string, id uint64, probe bool) {
	d := c.cfg.dialings.take(dialing{addr: addr, session: id, probe: probe})
	if c.slots.begin(d) {
		c.dial(d)
		return
	}
	c.slots.ask(d)
	c.fill()
}

// fill gives the free slots to the dials that are next.
func (c *Core) fill() {
	for {
		d, gaveUp := c.slots.next()
		if gaveUp != nil {
			c.emit(Abandon{Session: gaveUp.session})
		}
		if d == nil {
			return
		}
		c.dial(d)
	}
}

// dial has a dial made that has got its slot.
func (c *Core) dial(d *dialing) {
	if !c.expected(d.addr, d.session) {
		c.slots.done(d.session)
		c.renewAnswered(Dialed{Addr: d.addr, Session: d.session, Err: ErrNotRenewed})
		return
	}
	d.second = c.slots.lateTo(d.addr)
	e := Dial{Addr: d.addr, Session: d.session, Limits: c.dials.limits(d.addr, c.cfg.Dial, d.second), Proof: c.renewals[d.session].Proof}
	if s := c.found(d.addr); s != nil && (c.isRenewal(d.session) || s.unfit()) {
		e.Avoid = c.links.find(d.addr).session
	}
	c.emit(e)
}

// isRenewal reports whether Renew asked for a dial.
func (c *Core) isRenewal(id uint64) bool {
	_, asked := c.renewals[id]
	return asked
}

// expected reports whether the session that a dial makes is of use.
func (c *Core) expected(addr string, id uint64) bool {
	l := c.links.find(addr)
	return l != nil && (l.session == id || l.renewal.session == id)
}

// judges reports whether the result of a dial counts for or against its server. That of
// one for a better session does not: the one in use works.
func (c *Core) judges(addr string, id uint64) bool { return !c.isRenewal(id) && c.expected(addr, id) }

// dialLate answers the callers of a dial that has not been answered in their time; they
// go to another server. The dial goes on, because a server that is busy works it off all
// the same. A later caller has another one made, which does not go on, and
// whichever is answered first is used: what is late may be lost.
func (c *Core) dialLate(now moment.Time, m DialLate) {
	d := c.slots.running.find(m.Session)
	if d == nil || d.late {
		return
	}
	c.reportFailed(m.Addr, m.Session, m.Err)
	if d.stale {
		return
	}
	d.late = true
	if c.judges(m.Addr, m.Session) {
		c.failed(now, m.Addr, m.Err)
		c.dials.hold(m.Addr, now.Add(latePause(c.cfg.Dial, c.env.Chance())))
	}
	l := c.links.find(m.Addr)
	switch {
	case l == nil:
	case l.session == m.Session:
		d.afterCut, d.spare = l.afterCut, l.spare
		if l.late = d.second; !l.late {
			c.links.drop(m.Addr)
		}
		c.answerAll(l, m.Err)
	case l.up && l.renewal.session == m.Session && c.sessions.find(l.session).distrusted():
		c.forsake(now, m.Addr, l, m.Err)
	}
	c.fill()
}

// dialEnded frees the slot of a dial that has ended, and notes the result for its address.
func (c *Core) dialEnded(now moment.Time, m Dialed) (d *dialing) {
	d = c.slots.done(m.Session)
	switch {
	case m.Err == nil:
		c.dials.up(now, m.Addr, m.Session)
	case d != nil && !d.late && c.judges(m.Addr, m.Session):
		c.failed(now, m.Addr, m.Err)
	}
	return d
}

// failed notes a dial that failed.
func (c *Core) failed(now moment.Time, addr string, err error) {
	c.dials.failed(now, c.failure(addr, err), c.connected(0))
}

// failure is the kind of failure that err is.
func (c *Core) failure(addr string, err error) Failure {
	timeout, credentials := c.env.Classify(err)
	return Failure{Addr: addr, Err: err, Timeout: timeout, Credentials: credentials}
}

// adopt has calls find the session of a dial that was late, unless there is one already,
// and reports whether it did.
func (c *Core) adopt(m Dialed, d *dialing) bool {
	l := c.links.find(m.Addr)
	if m.Err != nil || d == nil || !d.late || d.stale || l != nil && l.up {
		return false
	}
	afterCut, spare := d.afterCut, d.spare
	if l != nil {
		afterCut, spare = afterCut || l.afterCut, spare && l.spare
		if !c.slots.drop(l.session) {
			c.emit(Abandon{Session: l.session})
		}
	}
	next := &link{addr: m.Addr, session: m.Session, up: true, spare: spare}
	c.links.put(next)
	c.markSpare(c.now, next)
	c.publish()
	c.emit(Arrived{Addr: m.Addr})
	if afterCut {
		c.emit(Replaced{Addr: m.Addr})
	}
	if l != nil {
		c.answerAll(l, nil)
	}
	return true
}

// answerAll answers the callers that wait for a link.
func (c *Core) answerAll(l *link, err error) {
	for _, w := range l.waiters {
		c.emit(w.answer(err))
	}
	c.cfg.waiters.put(l.waiters)
	l.waiters = nil
}

// withdraw removes a caller that waits no more. A dial without a slot yet is not made if
// it was the last one; a dial under way goes on.
func (c *Core) withdraw(m Withdraw) {
	l := c.links.find(m.Addr)
	if l == nil {
		return
	}
	l.waiters = slices.DeleteFunc(l.waiters, func(w waiter) bool { return w == waiter{m.Reply, m.By} })
	if len(l.waiters) == 0 && !l.up && !l.afterCut && c.slots.drop(l.session) {
		c.links.drop(m.Addr)
	}
}

// ended notes the end of a session for its address.
func (c *Core) ended(now moment.Time, addr string, id uint64, err error) {
	if c.dials.ended(now, addr, id, LetGo(err)) {
		f := c.failure(addr, err)
		f.Session = true
		c.dials.failed(now, f, c.connected(id))
	}
}
