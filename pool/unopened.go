package pool

import (
	"fmt"
	"time"
)

// openDoubt is what the core thinks of a session on which streams wait to be
// acknowledged. A server does that when it accepts them, before it reads a request, so
// it takes no longer than the answer to a ping, unless its accept loop is behind. Where
// that accepts none at all while pings are answered, no call gets through, however many
// streams are at work.
type openDoubt struct {
	look  time.Time // when to see whether one was acknowledged; zero: none waits
	asked time.Time // when a ping was sent behind the streams that wait
	alive bool      // it was answered
	tries int       // times that the session was found to open none, in a row
}

// A session opens no stream if none was acknowledged for so many times SilenceLimit,
// and a ping that was sent amid that time was answered.
const openingLimits = 2

// reopenMost bounds the pause between two looks for a better session, as a multiple of
// SilenceLimit: it doubles with each one.
const reopenMost = 64

// unopened begins to look after a session on which streams wait.
func (c *core) unopened(now time.Time, session uint64) {
	if s := c.sessions[session]; s != nil && s.openings.look.IsZero() {
		s.openings.look = now
	}
}

// unacknowledged looks after the sessions on which streams wait.
func (c *core) unacknowledged(now time.Time, use func(session uint64) usage) {
	for id, s := range c.sessions {
		if o := &s.openings; due(o.look, now) {
			c.lookOpenings(now, id, s, use(id).unopened)
		}
	}
}

// lookOpenings looks after one on which no stream was acknowledged since then; zero:
// none waits.
func (c *core) lookOpenings(now time.Time, session uint64, s *carrier, since time.Time) {
	o, silence := &s.openings, c.cfg.silence
	late := now.Sub(o.look) >= silence
	switch {
	case since.IsZero(), s.deserted, s.proving:
		*o = openDoubt{}
		c.reopened(now, s)
	case now.Sub(since) < silence:
		*o = openDoubt{look: since.Add(silence)}
		c.reopened(now, s)
	case late:
		// So late only because this process was not run: nor was who reads.
		o.look = now.Add(silence)
	case o.asked.Before(since):
		o.asked, o.alive = now, false
		o.look = later(now.Add(silence/2), since.Add(openingLimits*silence))
		if s.doubt.until.IsZero() {
			s.doubt.asked, s.doubt.until = now, now.Add(c.cfg.ping)
			c.emit(ping{addr: s.addr, session: session})
		}
	case !o.alive:
		o.look = now.Add(silence / 2) // be it dead, that is decided by the ping
		if now.Sub(o.asked) >= 2*c.cfg.ping {
			o.asked = time.Time{}
		}
	case !s.service.closed && c.cfg.corroborate:
		c.closed(now, s)
		c.emit(suspect{addr: s.addr}) // it has a moment before the server is dialed anew
		o.look = now.Add(silence/2 + time.Duration(c.cfg.chance()*float64(silence/4)))
	default:
		c.closed(now, s)
		c.redial(session, s)
		o.tries++
		o.look = now.Add(reopenPause(silence, o.tries))
		o.asked = time.Time{}
	}
}

// reopenPause is how long after so many looks for a better session the next one is.
func reopenPause(silence time.Duration, tries int) time.Duration {
	return silence * time.Duration(min(1<<min(tries, 16), reopenMost))
}

// closed notes that a session opens no stream, which is the same as no answer to a
// Status.Ping: it could not be asked.
func (c *core) closed(now time.Time, s *carrier) {
	v := &s.service
	v.asked, v.until, v.search = now, time.Time{}, time.Time{}
	v.failed, v.closed = true, true
}

// reopened notes that streams are acknowledged again.
func (c *core) reopened(now time.Time, s *carrier) {
	if s.service.closed {
		c.serves(now, s)
	}
}

// failure is why calls leave a session.
func (v *service) failure(cfg coreConfig, but string) error {
	if v.closed {
		return fmt.Errorf("%w: %w: none for %v, %s", ErrNotServing, ErrNoStream, openingLimits*cfg.silence, but)
	}
	return fmt.Errorf("%w: none within %v, %s", ErrNotServing, cfg.ping, but)
}
