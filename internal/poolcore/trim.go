package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// trimPause is about how long lies between two trims of a session that has idle streams beyond
// those at rest. No two agents' are alike: they had their burst together.
const trimPause = 15 * time.Second

// trimAfter is when to trim next.
func (c *Core) trimAfter(now moment.Time) moment.Time {
	return now.Add(trimPause + time.Duration((c.env.Chance()-0.5)*float64(trimPause)/2))
}

// surplus begins to trim a session.
func (c *Core) surplus(now moment.Time, id uint64) {
	if s := c.sessions.find(id); s != nil && s.trim.IsZero() {
		s.trim = c.trimAfter(now)
	}
}

// trimDue trims a session, and goes on for as long as it has too many idle streams.
func (c *Core) trimDue(now moment.Time, s *session, u usage) {
	s.trim = 0
	if u.surplus {
		c.emit(Trim{Session: s.id})
		s.trim = c.trimAfter(now)
	}
}
