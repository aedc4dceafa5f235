package stockagent

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// state belongs to the agent's owner, an actor whose messages are functions on it.
type state struct {
	agent *Agent
	self  actor.Self[func(*state)]

	servers  list
	sessions map[string]*session   // by server: the one that calls take
	open     map[*session]struct{} // all that have not ended
	met      map[string]bool       // servers that there was a session with
	conns    map[*streamConn]struct{}
	pace     pace
	stats    Stats
}

func newState(a *Agent, self actor.Self[func(*state)]) *state {
	s := &state{
		agent: a, self: self,
		sessions: map[string]*session{}, open: map[*session]struct{}{}, met: map[string]bool{}, conns: map[*streamConn]struct{}{},
		pace: pace{grace: a.cfg.Grace, chance: chance},
	}
	s.servers = s.servers.replace(a.cfg.Servers, rand.Shuffle)
	s.publish()
	return s
}

// chance is a time at random, from zero to below most.
func chance(most time.Duration) time.Duration { return rand.N(max(most, 1)) }

// Step runs a function on the state.
func (s *state) Step(_ time.Time, f func(*state)) { f(s) }

// Deadline is when the first session will have been idle for long enough.
func (s *state) Deadline() (at time.Time) {
	if s.agent.cfg.SessionIdle < 0 {
		return at
	}
	for _, one := range s.sessions {
		if due := one.used.Add(s.agent.cfg.SessionIdle); one.busy == 0 && (at.IsZero() || due.Before(at)) {
			at = due
		}
	}
	return at
}

// Expire ends sessions that nothing has used for long.
func (s *state) Expire(now time.Time) {
	for _, one := range s.sessions {
		if one.busy == 0 && !now.Before(one.used.Add(s.agent.cfg.SessionIdle)) {
			s.drop(one)
		}
	}
	s.publish()
}

// Stop ends everything that the agent has opened.
func (s *state) Stop(error) {
	s.agent.cancel()
	for one := range s.open {
		s.end(one)
	}
	for c := range s.conns {
		s.end(c)
	}
}

// end closes something beside the owner: yamux waits for its goroutines.
func (s *state) end(c io.Closer) {
	s.self.Go(func(context.Context) { _ = c.Close() }) // it is of no use any more
}

// drop ends a session; the next call dials.
func (s *state) drop(one *session) {
	if s.sessions[one.server] == one {
		delete(s.sessions, one.server)
	}
	s.end(one)
}

// publish makes the state seen by those who look at it, and wakes those who wait.
func (s *state) publish() {
	next := &snapshot{Stats: s.stats, changed: make(chan struct{})}
	next.Servers, next.Pace = slices.Clone(s.servers), s.pace.Pace
	next.Sessions = len(s.open)
	if old := s.agent.snap.Swap(next); old != nil {
		close(old.changed)
	}
}
