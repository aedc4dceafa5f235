package poolcore

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

const (
	// pauseGrowth bounds the pause between two Status.Pings that are not answered where
	// no other server answers either: it doubles from SilenceLimit to so many of it.
	pauseGrowth = 30
	// calmLooks is for how many SilenceLimits the looks for callers that left rest
	// after a Status.Ping was answered.
	calmLooks = 5
	// bulkExtensions is how often the judgement is put off, by half of PingTimeout, while
	// large requests or replies pass: the answer may be queued behind them.
	bulkExtensions = 8
	// sendingExtensions is the same while large requests are on their way out that the
	// server has not taken.
	sendingExtensions = 60
)

// late makes a Status.Ping on a session, unless one is under way or was just made. Late
// is repeated for as long as callers wait.
func (c *Core) late(now moment.Time, id uint64, probe bool) {
	s := c.sessions.find(id)
	if s == nil || s.deserted || s.proving {
		return
	}
	asks := !s.served().out
	if asks {
		if now.Before(s.served().rest) {
			return
		}
		c.ask(now, s)
	}
	if !probe && (asks || s.searched.Before(s.service.asked)) {
		c.unserved(now, s)
	}
}

// ask begins a Status.Ping; what an earlier one has shown no longer counts.
func (c *Core) ask(now moment.Time, s *session) {
	v := s.doubt()
	*v = service{
		asked: now, out: true, until: now.Add(c.cfg.Ping),
		pause: v.pause, look: v.look, probe: v.probe, since: v.since, calm: v.calm,
	}
	c.emit(Ask{Session: s.id})
}

// leftLate remembers a caller that gave up on a call which was not late yet. The session
// is looked at when it would have been.
func (c *Core) leftLate(m Unanswered) {
	s := c.sessions.find(m.Session)
	if s == nil || m.Late.IsZero() || s.deserted || s.served().out {
		return
	}
	switch v := s.doubt(); {
	case v.look.IsZero():
		v.since, v.look, v.probe = c.cfg.clock.Of(m.Since), later(c.cfg.clock.Of(m.Late), v.calm), m.Probe
	case !m.Probe:
		v.probe = false
	}
}

// served takes the result of a Status.Ping.
func (c *Core) served(now moment.Time, m Served) {
	if c.proved(now, m) {
		return
	}
	s := c.sessions.find(m.Session)
	if s == nil {
		return
	}
	v := s.doubt()
	v.out = false
	if m.Err == nil {
		c.serves(now, s)
		return
	}
	if v.open() {
		v.pause = min(max(2*v.pause, c.cfg.Silence), pauseGrowth*c.cfg.Silence)
		v.rest = now.Add(v.pause)
	}
}

// serves notes that a call was answered.
func (c *Core) serves(now moment.Time, s *session) {
	v := s.doubt()
	*v = service{
		out:  v.out, // another call was answered: one Status.Ping at a time
		rest: now.Add(c.cfg.Silence), calm: now.Add(calmLooks * c.cfg.Silence),
	}
}

// expireService does what is due about sessions that may not serve.
func (c *Core) expireService(now moment.Time) {
	for s := range c.sessions.all() {
		id, v := s.id, s.service
		if v == nil {
			continue
		}
		if due(v.look, now) {
			v.look = 0
			if !c.usage(id).answered.After(v.since) {
				c.late(now, id, v.probe)
			}
		}
		if due(v.search, now) {
			v.search = 0
			if !v.corroborated && !c.usage(id).answered.After(v.asked) {
				c.suspect(now, s)
			}
		}
		if due(v.until, now) {
			c.judge(now, s, c.usage(id))
		}
	}
}

// judge decides about a session whose Status.Ping was to be answered by now.
func (c *Core) judge(now moment.Time, s *session, u usage) {
	v := s.service
	switch {
	case u.answered.After(v.asked):
		c.serves(now, s) // also for another call: the server may have trouble with one method only
	case now.Sub(v.until) >= c.cfg.Silence:
		// So late only because this process was not run, nor its reading goroutine.
		v.until = now.Add(c.cfg.Silence)
	case v.extensions < bulkExtensions && !u.bulk.IsZero() && now.Sub(u.bulk) < 2*c.cfg.Ping:
		v.extensions++
		v.until = now.Add(c.cfg.Ping / 2)
	case v.extensions < sendingExtensions && u.sending.After(now):
		v.extensions++
		v.until = sooner(now.Add(c.cfg.Ping/2), u.sending) // large requests are on their way before it
	case !s.liveness.until.IsZero() && !u.heard.After(s.liveness.asked):
		v.until = s.liveness.until // no byte comes in: that is decided in liveness.go
	default:
		v.until, v.failed = 0, true
		if v.corroborated {
			c.leave(now, s, v.failure(c.cfg, "while another server answers"))
			return
		}
		c.redial(s)
	}
}

// corroborateService notes that another server answers. The session is judged at the next
// Expire.
func (c *Core) corroborateService(now moment.Time, s *session) {
	v := s.service
	if v == nil || !v.open() || s.proving || s.deserted {
		return
	}
	if v.corroborated = true; v.failed {
		v.until = now
	}
}

// leave takes a session that does not serve out of use, and has the calls leave it that can
// be made elsewhere. The others wait on: if they were ended, it would never be known
// whether they were executed.
func (c *Core) leave(now moment.Time, s *session, cause error) {
	s.service, s.deserted = nil, true
	if l := c.links.find(s.addr); l != nil && l.up && l.session == s.id {
		c.drop(now, s.addr, l, cause)
	}
	c.emit(Desert{Session: s.id, Cause: cause})
}

// prove makes a Status.Ping on a new session to a server that does not serve on its old one: that it came
// up shows only that the transport lives.
func (c *Core) prove(now moment.Time, l *link, id uint64) {
	s := c.sessions.find(id)
	s.proving, s.check = true, 0
	l.renewal = renewal{session: id, redial: true, proving: true}
	c.ask(now, s)
}

// proved takes the result of such a Status.Ping, and reports whether it was one.
func (c *Core) proved(now moment.Time, m Served) bool {
	l, s := c.links.find(m.Addr), c.sessions.find(m.Session)
	awaited := l != nil && l.renewal.proving && l.renewal.session == m.Session
	if awaited {
		l.renewal = renewal{}
	}
	if s == nil || !s.proving {
		return awaited
	}
	s.proving, s.service, s.check = false, nil, now.Add(c.cfg.Idle)
	if !awaited || m.Err != nil || !c.sessions.find(l.session).unfit() {
		c.retire(now, m.Session, ErrIdle)
		return true
	}
	old := c.sessions.find(l.session)
	c.supersede(now, l, m.Session)
	c.emit(Replaced{Addr: m.Addr})
	v := old.served()
	cause := v.failure(c.cfg, "while a new connection works")
	c.retire(now, old.id, cause)
	c.leave(now, old, cause)
	return true
}

// failure is why calls leave a session.
func (v *service) failure(cfg *Config, but string) error {
	if v.noStream {
		return fmt.Errorf("%w: %w: none for %v, %s", ErrNotServing, ErrNoStream, openingLimits*cfg.Silence, but)
	}
	return fmt.Errorf("%w: none within %v, %s", ErrNotServing, cfg.Ping, but)
}
