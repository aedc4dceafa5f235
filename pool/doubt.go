package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// ErrSilent is why a session ended on which calls waited and nothing came in,
// not even the answer to a ping.
var ErrSilent = errors.New("server is silent")

// doubt is what the core thinks of a session on which a call is overdue. Only
// inbound bytes end it well. It ends badly when the ping has failed and, where
// that is asked for, another server was seen to answer: then the silence is not
// the network's on this side.
type doubt struct {
	look   time.Time // a caller has left unanswered: see then; zero: nothing to see
	next   time.Time // when to look for life although no call is overdue; zero: never
	asked  time.Time // when the ping that is out was sent
	until  time.Time // it must be answered by then; zero: none is out
	failed bool      // a ping was not answered
	backed bool      // another server answers
}

// deadline is when the core wants to look next; zero: it does not.
func (d *doubt) deadline() time.Time { return sooner(sooner(d.look, d.next), d.until) }

// open says whether the session may be silent.
func (d *doubt) open() bool { return d.failed || !d.until.IsZero() }

// settled is the doubt after a sign of life.
func (d *doubt) settled() doubt { return doubt{next: d.next} }

type (
	// ping asks a session for a sign of life, reported as Pinged.
	ping struct {
		addr    string
		session uint64
	}
	// suspect tells the pool's user that addr is silent, and asks whether another
	// server answers.
	suspect struct{ addr string }
	// cut ends a session at once, with the calls on it.
	cut struct {
		session uint64
		cause   error
	}
)

func (ping) effect()    {}
func (suspect) effect() {}
func (cut) effect()     {}

// overdue starts a ping, unless one is out. Callers repeat themselves for as
// long as they wait, so a session that is neither alive nor given up is pinged
// again and again.
func (c *core) overdue(now time.Time, session uint64) {
	s := c.sessions[session]
	if s == nil || !s.doubt.until.IsZero() {
		return
	}
	s.doubt.asked, s.doubt.until = now, now.Add(c.cfg.ping)
	c.emit(ping{addr: s.addr, session: session})
	if c.cfg.corroborate && !s.doubt.backed {
		c.emit(suspect{addr: s.addr})
	}
}

// pinged ends the doubt well, or counts the ping as failed.
func (c *core) pinged(m messages.Pinged) {
	s := c.sessions[m.Session]
	if s == nil {
		return
	}
	if m.Err == nil {
		s.doubt = s.doubt.settled()
		s.openings.alive = true
		return
	}
	c.unanswered(m.Session, s)
}

// left remembers a caller that gave up before its call was overdue. The server
// is looked at when it would have been, so that a caller in a hurry is no less
// of a witness than a patient one.
func (c *core) left(m messages.Unanswered) {
	s := c.sessions[m.Session]
	if s != nil && m.Silent && s.doubt.look.IsZero() && s.doubt.until.IsZero() {
		s.doubt.look = m.Since.Add(c.cfg.silence)
	}
}

// silent counts the pings that were not answered in time, and looks after the
// callers that left.
func (c *core) silent(now time.Time, use func(session uint64) usage) {
	for id, s := range c.sessions {
		d := &s.doubt
		if !d.look.IsZero() && !d.look.After(now) {
			d.look = time.Time{}
			if now.Sub(use(id).heard) >= c.cfg.silence {
				c.overdue(now, id)
			}
		}
		if !d.next.IsZero() && !d.next.After(now) {
			c.lookForLife(now, id, d, use(id))
		}
		if d.until.IsZero() || d.until.After(now) {
			continue
		}
		switch u := use(id); {
		case u.spared.After(now):
			d.until = u.spared // and the ping behind it
		case u.heard.After(d.asked):
			*d = d.settled() // not the answer to the ping, but a sign of life
		case now.Sub(d.until) >= c.cfg.silence:
			// So late only because this process was not run: nor was who reads.
			d.until = now.Add(c.cfg.silence)
		default:
			c.unanswered(id, s)
		}
	}
}

// nextKeepalive is when to look for life after now.
func (c *core) nextKeepalive(now time.Time) time.Time {
	if c.keepalive <= 0 {
		return time.Time{}
	}
	return now.Add(c.keepalive)
}

// sooner is when to look for life under an interval that has just changed, and was to
// be looked for at next. An interval that keeps changing must not put that off for
// ever: what is looked at too early is looked at again.
func (c *core) sooner(next, now time.Time) time.Time {
	at := c.nextKeepalive(now)
	if at.IsZero() {
		return at
	}
	return sooner(at, next)
}

// lookForLife pings a session that carries nothing but calls which may wait for
// long. Traffic is life enough; a session without calls sends nothing.
func (c *core) lookForLife(now time.Time, session uint64, d *doubt, u usage) {
	d.next = c.nextKeepalive(now)
	switch {
	case !u.busy:
	case now.Sub(u.heard) < c.keepalive:
		d.next = c.nextKeepalive(u.heard)
	default:
		c.overdue(now, session)
	}
}

// unanswered notes a failed ping.
func (c *core) unanswered(session uint64, s *carrier) {
	s.doubt.until, s.doubt.failed = time.Time{}, true
	if !c.decide(session, s) {
		c.redial(session, s)
	}
}

// redial dials the server of a session that is silent, or does not serve, anew, beside
// the session, where no other server is known to answer: the only server that is up, or
// the only one there is. What has died may be the session and not its server, as when a
// device on the way forgot the connection. A new session that comes up takes the place
// of the silent one (renewed), of the other once it has answered a call (proved).
// Callers that wait have the next ping sent, so a dial that fails is repeated with that,
// and not without them.
func (c *core) redial(session uint64, s *carrier) {
	l := c.servers[s.addr]
	if l == nil || !l.up || l.session != session || l.renewal.session != 0 || !l.renewal.again.IsZero() || c.refuse(s.addr) != nil {
		return
	}
	c.renew(s.addr, l)
	l.renewal.redial = true
}

// heard ends the doubt about sessions on which something came in since their ping.
func (c *core) heard(use func(session uint64) usage) {
	for id, s := range c.sessions {
		if s.doubt.open() && use(id).heard.After(s.doubt.asked) {
			s.doubt = s.doubt.settled()
		}
	}
}

// corroborated notes that another server answers: it is the word about every
// session to the one that is silent.
func (c *core) corroborated(now time.Time, m messages.Corroborated) {
	for id, s := range c.sessions {
		if s.addr != m.Addr {
			continue
		}
		c.seconded(now, s)
		if s.doubt.open() {
			s.doubt.backed = true
			c.decide(id, s)
		}
	}
}

// decide ends a session that is silent for sure, and reports whether it did.
func (c *core) decide(session uint64, s *carrier) bool {
	if !s.doubt.failed || c.cfg.corroborate && !s.doubt.backed {
		return false
	}
	c.cut(session, s, fmt.Errorf("%w: no answer to a ping within %v", ErrSilent, c.cfg.ping))
	return true
}
