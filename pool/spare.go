package pool

import "time"

// spareIdle is how long a session is kept that came up beside another one and that no
// call has used. Its server knows nothing of the agent.
const spareIdle = 5 * time.Second

// spare marks a session that came up for nobody but Connect.
func (c *core) spare(now time.Time, l *link, s *carrier) {
	if l.spare {
		s.spare, s.check = now, now.Add(min(spareIdle, c.cfg.idle))
	}
}

// unused reports whether a spare session has carried nothing.
func (s *carrier) unused(u usage) bool { return !s.spare.IsZero() && !u.used.After(s.spare) }
