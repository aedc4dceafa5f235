package fleet

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// up reports whether a has a session with a server.
func (f *Fleet) up(a *agent, n int16) bool { return f.open(a, n) > 0 }

// had reports whether a has a session with a server that was made up to a time.
func (f *Fleet) had(a *agent, n int16, until time.Duration) bool {
	if a.stock != nil {
		return f.stockUp(a, n) && a.stock.links[n].since <= until
	}
	return slices.ContainsFunc(a.sessions, func(s session) bool { return s.server == n && s.since <= until })
}

// open is how many sessions a has with a server.
func (f *Fleet) open(a *agent, n int16) (open int) {
	if a.stock != nil {
		if f.stockUp(a, n) {
			open++
		}
		return open
	}
	for i := range a.sessions {
		if a.sessions[i].server == n {
			open++
		}
	}
	return open
}

// heard is when the last bytes came in on a session. While calls wait on it and its server is
// well, the pings that keep it alive are answered, which are no events (poolDeadline).
// What servers ping shows an agent nothing.
func (f *Fleet) heard(a *agent, s *session) time.Duration {
	every := a.set.Keepalive
	if s.load == 0 || every <= 0 {
		return s.heard
	}
	until := f.now
	if !f.reaches(a, s.server) {
		until = max(f.cluster.SilentSince(a.id, s.server), s.heard)
	}
	return s.heard + (until-s.heard)/every*every
}

// usage is how a session of the agent is used whose event it is.
func (f *Fleet) usage(id uint64) poolcore.Usage {
	s := f.current.session(uint32(id))
	if s == nil {
		return poolcore.Usage{}
	}
	return poolcore.Usage{
		Busy: s.load > 0, Used: f.base.Add(s.used), Heard: f.base.Add(f.heard(f.current, s)),
		Answered: f.base.Add(s.answered), Pinged: !s.engaged,
	}
}

// stockUp reports whether an agent has a session with a server.
func (f *Fleet) stockUp(a *agent, n int16) bool {
	l := &a.stock.links[n]
	if l.up && l.ends <= f.now && !f.watched(a, n) {
		l.up = false
	}
	return l.up
}

// watched reports whether a has its blocking query on a server.
func (f *Fleet) watched(a *agent, n int16) bool {
	if f.cfg.Policy == Stock {
		return a.watchEnds > 0 && a.stock.watched == n
	}
	return a.holds(n)
}
