package pool

import (
	"errors"
	"time"
)

// retirement is how a session that has left use ends. Its calls end in their own
// time, its streams within the time to drain. One that works, and left use because
// another took its place, stays for that time even if nothing of this side is on
// it: it is the server's way to the agent until that speaks on the other one.
type retirement struct {
	until time.Time // when its streams end; zero: they have, or it is in use
	stays bool      // until then, for the server's sake
	again bool      // may be taken back into use then
}

type (
	// release has a session that stays end with its last call.
	release struct{ session uint64 }
	// expel ends the streams on a session that was shut.
	expel struct{ session uint64 }
	// readmit takes a session that stays back into use.
	readmit struct{ session uint64 }
)

func (release) effect() {}
func (expel) effect()   {}
func (readmit) effect() {}

// maxStaying is how many sessions of one server may stay. With more, the oldest
// does not any longer: whoever moves to and fro, or changes credentials again and
// again, does not pile them up.
const maxStaying = 4

// drop takes the session that calls find out of use.
func (c *core) drop(now time.Time, addr string, l *link, cause error) {
	delete(c.servers, addr)
	c.emit(publish{})
	c.retire(now, l.session, cause)
}

// retire has a session end with its last call, and its streams in time. Until
// then it is watched like any other: who waits on it must learn of a server that
// falls silent as soon as anybody.
func (c *core) retire(now time.Time, session uint64, cause error) {
	s := c.sessions[session]
	if s == nil {
		return // a dial that failed
	}
	moved := errors.Is(cause, ErrMoved)
	s.check = time.Time{}
	s.retirement = retirement{until: now.Add(c.cfg.drain), stays: moved || errors.Is(cause, ErrRenewed), again: moved}
	c.emit(shut{session: session, cause: cause, stays: s.stays})
	c.thin(s.addr)
}

// thin releases the oldest session to addr that stays, if they are too many.
func (c *core) thin(addr string) {
	oldest, n := uint64(0), 0
	for id, s := range c.sessions {
		if s.addr != addr || !s.stays {
			continue
		}
		if n++; oldest == 0 || id < oldest {
			oldest = id
		}
	}
	if n > maxStaying {
		s := c.sessions[oldest]
		s.stays, s.again = false, false
		c.emit(release{session: oldest})
	}
}

// expelDue ends the streams on what has been retired for long enough.
func (c *core) expelDue(now time.Time) {
	for id, s := range c.sessions {
		if !s.until.IsZero() && !s.until.After(now) {
			s.retirement = retirement{}
			c.emit(expel{session: id})
		}
	}
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
