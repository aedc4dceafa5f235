package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// A session opens no stream if none was acknowledged for so many times SilenceLimit,
// and a ping that was sent amid that time was answered.
const openingLimits = 2

// reopenMost bounds the pause between two looks for a better session, as a multiple of
// SilenceLimit: it doubles with each one.
const reopenMost = 64

// unopened begins to look at a session on which streams wait.
func (c *Core) unopened(now moment.Time, id uint64) {
	if s := c.sessions.find(id); s != nil && s.openings.look.IsZero() {
		s.openings.look = now
	}
}

// expireOpenings looks at the sessions on which streams wait.
func (c *Core) expireOpenings(now moment.Time) {
	for s := range c.sessions.all() {
		if due(s.openings.look, now) {
			c.lookOpenings(now, s, c.usage(s.id).unopened)
		}
	}
}

// lookOpenings looks at a session on which no stream was acknowledged since then; zero:
// none waits.
func (c *Core) lookOpenings(now moment.Time, s *session, since moment.Time) {
	o, silence := &s.openings, c.cfg.Silence
	late := now.Sub(o.look) >= silence
	switch {
	case since.IsZero(), s.deserted, s.proving:
		*o = openings{}
		c.reopened(now, s)
	case now.Sub(since) < silence:
		*o = openings{look: since.Add(silence)}
		c.reopened(now, s)
	case late:
		// So late only because this process was not run, nor its reading goroutine.
		o.look = now.Add(silence)
	case o.asked.Before(since):
		o.asked, o.alive = now, false
		o.look = later(now.Add(silence/2), since.Add(openingLimits*silence))
		if s.liveness.until.IsZero() {
			s.liveness.asked, s.liveness.until = now, now.Add(c.cfg.Ping)
			c.emit(Ping{Session: s.id})
		}
	case !o.alive:
		o.look = now.Add(silence / 2) // whether it is dead is decided by the ping
		if now.Sub(o.asked) >= 2*c.cfg.Ping {
			o.asked = 0
		}
	case !s.served().noStream && c.cfg.Corroborate:
		c.noStream(now, s)
		c.suspect(now, s) // its answer has a moment before the server is dialed anew
		o.look = now.Add(silence/2 + time.Duration(c.env.Chance()*float64(silence/4)))
	default:
		c.noStream(now, s)
		c.redial(s)
		o.tries++
		o.look = now.Add(reopenPause(silence, o.tries))
		o.asked = 0
	}
}

// reopenPause is how long after so many looks for a better session the next one is.
func reopenPause(silence time.Duration, tries int) time.Duration {
	return silence * time.Duration(min(1<<min(tries, 16), reopenMost))
}

// noStream notes that a session opens no stream, which is the same as no answer to a
// Status.Ping: none could be sent.
func (c *Core) noStream(now moment.Time, s *session) {
	v := s.doubt()
	v.asked, v.until, v.search = now, 0, 0
	v.failed, v.noStream = true, true
}

// reopened notes that streams are acknowledged again.
func (c *Core) reopened(now moment.Time, s *session) {
	if s.served().noStream {
		c.serves(now, s)
	}
}
