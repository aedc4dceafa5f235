package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// How another server that answers is looked for while one is in doubt. Each search is three
// Status.Pings, and may be three dials, of every agent that doubts: where all servers are slow or
// hang, that is a load they must not have. So there are three rules.
//
// The first doubt of an episode searches at once: callers wait. Later ones search only when
// their ping is late, which a server whose transport lives has answered by then. Where it has
// failed, the next doubt searches at once again: the only server that answers may be one of those
// that were not asked yet. An episode is over when a call is answered, or after a minute without a search.
//
// While a Status.Ping is out that was sent a moment ago, its answer is waited for.
//
// A Status.Ping that asks whether a server answers (Overdue.Probe) starts no search. That it is not
// answered is what it was to find out, and a search for it would be more of the same, whose
// own silence would start others.

// episodeOver is the time without a search after which the next one begins another episode.
const episodeOver = time.Minute

// silent has another server looked for while a call on a session is overdue, whose ping is out.
func (c *Core) silent(now moment.Time, s *session) {
	l, u := &s.liveness, c.usage(s.id)
	switch {
	case !c.cfg.Corroborate, l.corroborated:
		l.search = 0
	case !s.searched.Before(l.asked): // for this ping
	case s.served().out && !s.served().search.IsZero(): // that search is soon enough for both
	case l.failed, s.searched.IsZero(), u.answered.After(s.searched), now.Sub(s.searched) >= episodeOver:
		l.search = 0
		c.suspect(now, s)
	case l.search.IsZero():
		l.search = l.asked.Add(c.cfg.Ping / 2)
	}
}

// search looks for another server that answers while a session is silent.
func (c *Core) search(now moment.Time, s *session) {
	if c.cfg.Corroborate && !s.liveness.corroborated {
		c.suspect(now, s)
	}
}

// unserved has another server looked for soon while a call on a session is late, whose
// Status.Ping is out. A server that serves has answered by then: no other one is asked, or
// dialed, because a call takes long.
func (c *Core) unserved(now moment.Time, s *session) {
	if v := s.service; c.cfg.Corroborate && v.search.IsZero() && !v.until.IsZero() {
		v.search = later(now, v.asked.Add(c.cfg.Ping/2))
	}
}

// suspect has another server looked for.
func (c *Core) suspect(now moment.Time, s *session) {
	s.searched = now
	c.emit(Suspect{Addr: s.addr})
}
