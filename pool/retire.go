package pool

import (
	"errors"
	"time"
)

// ErrDrained is why a session ended, with what was on it, that was made on the
// trust of credentials which have been withdrawn: Config.DrainTimeout ago.
var ErrDrained = errors.New("session was made with credentials that are no longer trusted, and its time to drain is over")

// ErrTooManySessions is why a session ended, with what was on it, that had left
// use: there were too many of these.
var ErrTooManySessions = errors.New("session had left use, and there are too many of these")

// departure is how a session comes to its end. One whose server was left for
// another is still found by calls; one that is retired is not, for it is of no use
// or another has taken its place. Either accepts what its server opens for as long
// as it lives, because a server goes on using the session that it knows. It ends
// when it carries nothing and its server has had the time to learn of another.
type departure struct {
	left  time.Time // when its server was left, or it was retired; zero: neither
	cause error     // why it is retired; nil: calls find it
	until time.Time // it ends then, whatever is on it; zero: it is trusted
	over  bool      // it was told to end
}

// A server has heard of another session by the next heartbeat, for which the agent
// takes no longer than the TTL that the last one granted. A server that grants years
// does not keep a session for them.
const (
	longestTTL = time.Hour
	ttlMargin  = 10 * time.Second // as late as a heartbeat may be: Nomad's heartbeat_grace
)

// settle is how long after a stream of the server's was accepted a session is not
// ended. A stream that is on its way when the transport is closed is lost to the
// server, and nothing in the protocol can hold it back: yamux's farewell (GoAway)
// fails it as well. So a session is ended only at a moment when its server is not
// known to be opening streams, which come in bursts.
const settle = 300 * time.Millisecond

// The most sessions of one server, and the most in all that have left use. With
// more, one of these ends at once: one that carries nothing, or else the one that
// was left first.
const (
	maxPerServer = 4
	maxLeft      = 16
)

// drain is how long a session is kept that was left, after it was used last.
func (c *core) drain() time.Duration {
	if c.ttl <= 0 {
		return c.cfg.drain
	}
	return max(c.cfg.drain, min(c.ttl, longestTTL)+ttlMargin)
}

// lasts takes over how long heartbeats last.
func (c *core) lasts(now time.Time, ttl time.Duration) {
	if ttl == c.ttl {
		return
	}
	c.ttl = ttl
	for _, s := range c.sessions {
		if !s.left.IsZero() && !s.over {
			s.check = now
		}
	}
}

// drop takes the session that calls find out of use.
func (c *core) drop(now time.Time, addr string, l *link, cause error) {
	delete(c.servers, addr)
	c.emit(publish{})
	c.retire(now, l.session, cause)
}

// retire has a session take no further call. Until its end it is watched like any
// other: who waits on it must learn of a server that falls silent as soon as
// anybody.
func (c *core) retire(now time.Time, session uint64, cause error) {
	s := c.sessions[session]
	if s == nil {
		return // a dial that failed
	}
	s.left, s.cause, s.check = now, cause, now
	c.tidy = now
	c.emit(retire{session: session, cause: cause})
}

// drained looks at a retired session whose last call or stream has ended.
func (c *core) drained(now time.Time, session uint64) {
	if s := c.sessions[session]; s != nil && s.cause != nil {
		s.check, s.over = now, false
	}
}

// look ends a session that is of use to nobody, or says when to look again.
func (c *core) look(now time.Time, id uint64, s *carrier, u usage) {
	retired, end := s.cause != nil, c.end(s, u)
	if !retired {
		c.emit(trim{session: id})
	}
	switch {
	case !retired && s.addr == c.retain:
		s.check = now.Add(c.cfg.idle)
	case u.busy && s.left.IsZero():
		s.check = now.Add(c.cfg.idle)
	case u.busy:
		s.check = now.Add(min(c.cfg.idle, max(c.drain(), settle)))
	case end.After(now):
		s.check = end
	default:
		if !retired {
			c.drop(now, s.addr, c.servers[s.addr], ErrIdle)
		}
		s.check, s.over = time.Time{}, true
		c.emit(shut{session: id})
	}
}

// end is when a session that carries nothing may end.
func (c *core) end(s *carrier, u usage) time.Time {
	end := s.left
	switch {
	case s.left.IsZero() && s.unused(u):
		end = s.spare.Add(min(spareIdle, c.cfg.idle))
	case s.left.IsZero():
		end = u.used.Add(c.cfg.idle)
	case s.cause == nil, errors.Is(s.cause, ErrRenewed):
		// It works, and its server may use it until it hears of another.
		end = later(s.left, u.used).Add(c.drain())
	}
	return later(end, u.accepted.Add(settle))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// limit ends sessions that have left use, where there are too many.
func (c *core) limit(use func(session uint64) usage) {
	each, left := make(map[string]int), 0
	for _, s := range c.sessions {
		if s.over {
			continue
		}
		each[s.addr]++
		if !s.left.IsZero() {
			left++
		}
	}
	for addr, n := range each {
		for ; n > maxPerServer && c.sacrifice(addr, use); n-- {
			left--
		}
	}
	for ; left > maxLeft && c.sacrifice("", use); left-- {
	}
}

// sacrifice ends a session that has left use, to addr if that is not empty; it
// answers false if there is none.
func (c *core) sacrifice(addr string, use func(session uint64) usage) bool {
	var chosen *carrier
	var chosenID uint64
	busy := false
	for id, s := range c.sessions {
		if s.over || s.left.IsZero() || addr != "" && s.addr != addr {
			continue
		}
		b := use(id).busy
		older := chosen == nil || s.left.Before(chosen.left) || s.left.Equal(chosen.left) && id < chosenID
		if chosen == nil || busy && !b || busy == b && older {
			chosen, chosenID, busy = s, id, b
		}
	}
	if chosen == nil {
		return false
	}
	c.cut(chosenID, chosen, ErrTooManySessions)
	return true
}

// cut ends a session at once.
func (c *core) cut(session uint64, s *carrier, cause error) {
	c.forget(s.addr, session)
	c.emit(cut{session: session, cause: cause})
}

// forget is the end of a session.
func (c *core) forget(addr string, session uint64) {
	if s := c.sessions[session]; s == nil || s.addr != addr {
		return
	}
	delete(c.sessions, session)
	if l := c.servers[addr]; l != nil && l.session == session {
		delete(c.servers, addr)
		c.emit(publish{})
	}
}

// superseded says whether another session to its server is in use, by which the
// server is judged.
func (c *core) superseded(addr string, session uint64) bool {
	l := c.servers[addr]
	return l != nil && l.up && l.session != session
}
