package pool

import "time"

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
	s.check, s.until = time.Time{}, now.Add(c.cfg.drain)
	c.emit(shut{session: session, cause: cause})
}

// expelDue ends the streams on what has been retired for long enough.
func (c *core) expelDue(now time.Time) {
	for id, s := range c.sessions {
		if !s.until.IsZero() && !s.until.After(now) {
			s.until = time.Time{}
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
