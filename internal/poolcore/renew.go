package poolcore

import (
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// renewPause is the time between a dial for a renewal that failed and the next. The
// session in use carries calls meanwhile.
const renewPause = 5 * time.Second

// renew dials in addition to a session, which calls find until the new one is up, or in place of a
// dial under way, which may have begun with the old credentials.
func (c *Core) renew(l *link) {
	c.last++
	if l.up {
		if !c.isRenewal(l.renewal.session) { // which is answered when its turn comes
			c.slots.drop(l.renewal.session)
		}
		l.renewal = renewal{session: c.last}
	} else {
		c.slots.drop(l.session)
		l.session, l.late = c.last, false
	}
	c.begin(l.addr, c.last, false)
}

// renewed puts the new session in the place of the old one, which is kept for a while:
// the server reaches the agent on it until a call comes in on the new one. One that is
// silent ends at once, with the calls that wait on it.
func (c *Core) renewed(now moment.Time, l *link, m Dialed) {
	was, old := l.renewal, c.sessions.find(l.session)
	l.renewal = renewal{}
	switch {
	case m.Err != nil && (was.redial || was.better) && !old.distrusted():
		return // the next ping that fails tries again, or the caller of Renew
	case m.Err != nil && old.distrusted():
		c.forsake(now, m.Addr, l, m.Err)
		return
	case m.Err != nil:
		l.renewal.again = later(now.Add(renewPause), c.dials.until(m.Addr))
		return
	case was.redial && !old.unfit():
		c.retire(now, m.Session, ErrIdle) // a byte has come in on the old one meanwhile
		return
	case was.redial && !old.liveness.failed:
		c.prove(now, l, m.Session)
		return
	}
	c.supersede(now, l, m.Session)
	if old.liveness.failed {
		c.emit(Replaced{Addr: old.addr})
		c.cut(old, fmt.Errorf("%w: no answer to a ping within %v, while a new connection works", ErrSilent, c.cfg.Ping))
		return
	}
	c.retire(now, old.id, was.reason())
}

// supersede has calls find a new session in place of the one there is.
func (c *Core) supersede(now moment.Time, l *link, id uint64) {
	old := c.sessions.find(l.session)
	*l = link{addr: l.addr, session: id, up: true}
	if !old.left.IsZero() {
		s := c.sessions.find(id)
		s.left, s.check = old.left, now.Add(c.drain())
	}
	c.publish()
}

// renewDue dials again for the renewals that failed.
func (c *Core) renewDue(now moment.Time) {
	for l := range c.links.all() {
		if again := l.renewal.again; !again.IsZero() && !again.After(now) {
			c.renew(l)
		}
	}
}

// redial dials the server of a session that is silent, or does not serve, anew, and keeps
// the session, where no other server is known to answer. The session may have died and
// not its server, as when a device on the way forgot the connection. A new session takes
// the place of a silent one when it comes up (renewed), of one that does not serve when
// it has answered a call (proved). A dial that fails is repeated with the next ping, which
// only callers that wait bring about.
func (c *Core) redial(s *session) {
	l := c.links.find(s.addr)
	if l == nil || !l.up || l.session != s.id || l.renewal.session != 0 || !l.renewal.again.IsZero() || c.refuse(s.addr) != nil {
		return
	}
	c.renew(l)
	l.renewal.redial = true
}

// renewAsked begins a dial for a session that is to be better than the one in use.
func (c *Core) renewAsked(m Renew) {
	l := c.links.find(m.Addr)
	if l == nil || !l.up || l.renewal.session != 0 || !l.renewal.again.IsZero() {
		c.emit(Answer{To: m.Reply, Err: ErrNotRenewed})
		return
	}
	c.last++
	l.renewal = renewal{session: c.last, better: true}
	if c.renewals == nil {
		c.renewals = make(map[uint64]Renew)
	}
	c.renewals[c.last] = m
	c.begin(m.Addr, c.last, false)
}

// renewAnswered answers the Renew that asked for a session with the result of its dial.
func (c *Core) renewAnswered(m Dialed) {
	asked, found := c.renewals[m.Session]
	if !found {
		return
	}
	delete(c.renewals, m.Session)
	err := m.Err
	if err == nil && !c.current(m.Addr, m.Session) {
		err = ErrNotRenewed // the session it was to replace has gone, or was replaced otherwise
	}
	c.emit(Answer{To: asked.Reply, Err: err})
}

// reason is why the session ends that this renewal has replaced.
func (r renewal) reason() error {
	if r.better {
		return errElsewhere
	}
	return ErrRenewed
}
