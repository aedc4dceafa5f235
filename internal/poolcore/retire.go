package poolcore

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// A server has heard of another session by the next heartbeat, for which the agent
// takes no longer than the TTL that the last one granted.
const (
	longestTTL = time.Hour
	ttlMargin  = 10 * time.Second // as late as a heartbeat may be: Nomad's heartbeat_grace
)

// settle is how long after a stream of the server's was accepted a session is not
// ended. A stream that is on its way when the transport is closed is lost to the server,
// and the protocol cannot hold it back: yamux's go away fails it as well. The streams of
// a server come in bursts, so a session is ended only between them.
const settle = 300 * time.Millisecond

// The most sessions of one server, and the most in all that have left use. With
// more, one of these ends at once: one that carries nothing, or else the one that
// was left first.
const (
	MaxPerServer = 4
	MaxLeft      = 16
)

// drain is how long a session is kept that was left, after it was used last.
func (c *Core) drain() time.Duration {
	if c.ttl <= 0 {
		return c.cfg.Drain
	}
	return max(c.cfg.Drain, min(c.ttl, longestTTL)+ttlMargin)
}

// setTTL takes over how long heartbeats hold.
func (c *Core) setTTL(now moment.Time, ttl time.Duration) {
	if ttl == c.ttl {
		return
	}
	c.ttl = ttl
	for _, s := range c.sessions {
		if !s.left.IsZero() && !s.ending {
			s.check = now
		}
	}
}

// drop takes the session that calls find out of use.
func (c *Core) drop(now moment.Time, addr string, l *link, cause error) {
	c.links.drop(addr)
	c.publish()
	c.retire(now, l.session, cause)
}

// retire has a session admit no further call. Until its end it is watched like any other,
// for the calls that wait on it.
func (c *Core) retire(now moment.Time, id uint64, cause error) {
	s := c.sessions.find(id)
	if s == nil {
		return // a dial that failed
	}
	s.left, s.cause, s.check = now, cause, now
	c.limitAt = now
	c.emit(Retire{Session: id, Cause: cause})
}

// drained looks at a retired session whose last call or stream has ended.
func (c *Core) drained(now moment.Time, id uint64) {
	if s := c.sessions.find(id); s != nil && s.cause != nil {
		s.check, s.ending = now, false
	}
}

// look releases a session that is no longer used, or sets when to look again.
func (c *Core) look(now moment.Time, s *session, u usage) {
	retired, end := s.cause != nil, c.end(s, u)
	switch {
	case !retired && s.addr == c.retained:
		s.check = now.Add(c.cfg.Idle)
	case u.busy && s.left.IsZero():
		s.check = now.Add(c.cfg.Idle)
	case u.busy:
		s.check = now.Add(min(c.cfg.Idle, max(c.drain(), settle)))
	case end.After(now):
		s.check = end
	default:
		if !retired {
			c.drop(now, s.addr, c.links.find(s.addr), ErrIdle)
		}
		s.check, s.ending = 0, true
		c.emit(Release{Session: s.id})
	}
}

// probeTime is how long a session that was dialed for a probe is kept at least: calls may
// be about to follow the probe.
const probeTime = 5 * time.Second

// elsewhere reports whether calls are to go to another server than addr. A session that
// carried only pings was dialed for a probe then, or to corroborate.
func (c *Core) elsewhere(addr string) bool { return c.retained != "" && c.retained != addr }

// firstLook is when to look at a new session.
func (c *Core) firstLook(now moment.Time, addr string) moment.Time {
	if c.elsewhere(addr) {
		return now.Add(min(c.cfg.Idle, max(c.cfg.Drain, probeTime)))
	}
	return now.Add(c.cfg.Idle)
}

// end is when a session that carries nothing may end.
func (c *Core) end(s *session, u usage) moment.Time {
	end, drain := s.left, c.drain()
	if u.pinged {
		drain = max(c.cfg.Drain, probeTime)
	}
	switch {
	case s.left.IsZero() && s.unused(u):
		end = s.spare.Add(min(spareIdle, c.cfg.Idle))
	case s.left.IsZero() && u.pinged && c.elsewhere(s.addr):
		end = u.used.Add(min(c.cfg.Idle, drain))
	case s.left.IsZero():
		end = u.used.Add(c.cfg.Idle)
	case s.cause == nil, errors.Is(s.cause, ErrRenewed):
		// It works, and its server may use it until it learns of another.
		end = later(s.left, u.used).Add(drain)
	}
	return later(end, u.accepted.Add(settle))
}

// limit ends sessions that have left use, where there are too many.
func (c *Core) limit() {
	for s := range c.sessions.all() {
		for c.count(func(o *session) bool { return o.addr == s.addr }) > MaxPerServer && c.sacrifice(s.addr) {
		}
	}
	for c.count((*session).hasLeft) > MaxLeft && c.sacrifice("") {
	}
}

// count is how many sessions that are not about to end is selects.
func (c *Core) count(is func(*session) bool) int {
	n := 0
	for _, s := range c.sessions {
		if !s.ending && is(s) {
			n++
		}
	}
	return n
}

// sacrifice ends a session that has left use, to addr if that is not empty, and reports
// whether there was one.
func (c *Core) sacrifice(addr string) bool {
	var chosen *session
	busy := false
	for _, s := range c.sessions {
		if s.ending || s.left.IsZero() || addr != "" && s.addr != addr {
			continue
		}
		b := c.usage(s.id).busy
		older := chosen == nil || s.left.Before(chosen.left)
		if chosen == nil || busy && !b || busy == b && older {
			chosen, busy = s, b
		}
	}
	if chosen == nil {
		return false
	}
	c.cut(chosen, ErrTooManySessions)
	return true
}

// cut ends a session at once.
func (c *Core) cut(s *session, cause error) {
	c.forget(s.addr, s.id)
	c.emit(Cut{Session: s.id, Cause: cause})
}

// forget removes a session that has ended.
func (c *Core) forget(addr string, id uint64) {
	if s := c.sessions.find(id); s == nil || s.addr != addr {
		return
	}
	c.sessions.drop(id)
	if l := c.links.find(addr); l != nil && l.session == id {
		c.links.drop(addr)
		c.publish()
	}
}
