package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// ErrRenewed is why a session ended in whose place another was made: with other
// credentials, or because its address leads to a better server (Renew).
var ErrRenewed = errors.New("session was replaced by one with newer credentials")

// renewal is the replacement of a session that still carries calls.
type renewal struct {
	session uint64    // of the dial under way; 0: none
	again   time.Time // when to try again after one that failed
	redial  bool      // it is for a session that is silent or does not serve, and not for credentials
	better  bool      // it was asked for by Renew
	proving bool      // the session is up and has not answered a call yet
}

// renewPause is the time between a dial for a renewal that failed and the next.
// The session there is carries calls meanwhile.
const renewPause = 5 * time.Second

// secured has every session replaced, if other credentials are in force. What is on
// the old ones runs to its end, unless what they trust was withdrawn.
func (c *core) secured(now time.Time, m messages.Secured) {
	if m.Err == nil {
		if m.Withdrawn {
			for _, s := range c.sessions {
				s.until = sooner(s.until, now.Add(c.cfg.drain))
			}
		}
		c.retrust()
		for addr, l := range c.servers {
			c.renew(addr, l)
		}
	}
	c.emit(answer{to: m.Reply, err: m.Err})
}

// renew dials beside what there is. A session stays the one that calls find
// until the other is up; a dial under way may have begun with the old
// credentials, so its waiters wait for the new one.
func (c *core) renew(addr string, l *link) {
	c.last++
	if l.up {
		l.renewal = renewal{session: c.last}
	} else {
		c.slots.drop(l.session)
		l.session, l.late = c.last, false
	}
	c.begin(addr, c.last, false)
}

// renewed puts the new session in the place of the old one, which is kept for a
// while: it is the server's way to the agent until that speaks on the new one. One that
// is silent ends at once, with the calls that wait on it: its server answers elsewhere.
func (c *core) renewed(now time.Time, l *link, m messages.Dialed) {
	was, old := l.renewal, c.sessions[l.session]
	l.renewal = renewal{}
	switch {
	case m.Err != nil && (was.redial || was.better):
		return // the next ping that fails tries again, or who asked
	case m.Err != nil:
		l.renewal.again = later(now.Add(renewPause), c.dials.until(m.Addr))
		return
	case was.redial && !old.unfit():
		c.retire(now, m.Session, ErrIdle) // the old one has been heard of meanwhile
		return
	case was.redial && !old.doubt.failed:
		c.prove(now, l, m.Session)
		return
	}
	former := l.session
	c.supersede(now, l, m.Session)
	if old.doubt.failed {
		c.emit(replaced{addr: old.addr})
		c.cut(former, old, fmt.Errorf("%w: no answer to a ping within %v, while a new connection works", ErrSilent, c.cfg.ping))
		return
	}
	c.retire(now, former, was.reason())
}

// supersede has calls find a new session in place of the one there is.
func (c *core) supersede(now time.Time, l *link, session uint64) {
	old := c.sessions[l.session]
	*l = link{session: session, up: true}
	if !old.left.IsZero() {
		s := c.sessions[session]
		s.left, s.check = old.left, now.Add(c.drain())
	}
	c.emit(publish{})
}

// distrust ends a session whose trust was withdrawn, and whose time to drain is over. If
// calls find it, its successor is not up yet: the dial for that goes on in its place, or
// one begins, by which the server is judged. Its server knows the agent by no other.
func (c *core) distrust(id uint64, s *carrier) {
	l := c.servers[s.addr]
	c.cut(id, s, ErrDrained)
	if l == nil || l.session != id {
		return
	}
	next := &link{session: l.renewal.session, stands: true}
	c.servers[s.addr] = next
	// One that has yet to be proven may be refused, or is up: then no dial is under way.
	if next.session == 0 || l.renewal.better || l.renewal.proving {
		c.renew(s.addr, next)
	}
}

// renewDue tries again what failed.
func (c *core) renewDue(now time.Time) {
	for addr, l := range c.servers {
		if again := l.renewal.again; !again.IsZero() && !again.After(now) {
			c.renew(addr, l)
		}
	}
}

// current says whether a session, or the dial for it, is the one by which its
// server is judged: not one that is to replace it, and not one that was given up.
func (c *core) current(addr string, session uint64) bool {
	l := c.servers[addr]
	return l != nil && l.session == session && !l.late
}
