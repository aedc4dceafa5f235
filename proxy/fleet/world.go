package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
)

// Fleet is one run.
type Fleet struct {
	cfg     Config
	queue   queue
	now     time.Duration // since the beginning of the warm-up
	base    time.Time
	rng     *rand.Rand
	agents  []agent
	servers []server
	number  map[string]int16  // of a server, by address
	known   []messages.Server // the servers that agents are configured with

	leader int           // -1: none
	leads  time.Duration // from then on
	grace  time.Duration // until then no heartbeat is missed: a new leader gives all of them time

	end  time.Duration // of the run
	outs int           // agents that are out

	pools   poolcore.Config      // of all agents
	replies []actor.Reply[error] // what pools know waiters by, see reply
	waiters map[actor.Reply[error]]int
	chance  *rand.Rand // of the agent whose event it is
	stage

	infos []messages.ServerInfo // of one heartbeat's answer, reused
	tally
}

// server is one server as agents meet it.
type server struct {
	messages.Server
	up         bool
	frozen     bool // connections stay, nothing is answered
	named      bool // heartbeats name it
	leaderless bool
	cut        int // percent of the agents that it is frozen for
	rtt        time.Duration
	free       time.Duration // when it has worked off the handshakes that have come in
	gone       time.Duration // when it died or fell silent

	active int // agents that have it in front
	bins
}

// How a dial ends.
const (
	refused  uint32 = iota // at once
	made                   // with a session
	timedOut               // with the dial limit
)

// in has e happen after a while.
func (f *Fleet) in(d time.Duration, e event) {
	e.at = f.now + d
	f.queue.push(e)
}

// clock is the time that the cores get.
func (f *Fleet) clock() time.Time { return f.base.Add(f.now) }

// running reports whether the warm-up is over.
func (f *Fleet) running() bool { return f.now >= f.cfg.Warm }

// count adds one to the bin of the present.
func (f *Fleet) count(b []uint32) {
	if f.running() {
		b[min(int((f.now-f.cfg.Warm)/f.cfg.Grain), len(b)-1)]++
	}
}

// reaches reports whether a sees answers of a server.
func (f *Fleet) reaches(a *agent, n int16) bool {
	s := &f.servers[n]
	return s.up && !s.frozen && int(a.id%100) >= s.cut
}

// serves reports whether a server that a reaches answers its calls too.
func (f *Fleet) serves(a *agent, n int16) bool { return f.reaches(a, n) }

// rtt is the round trip time between an agent and a server.
func (f *Fleet) rtt(_ *agent, n int16) time.Duration { return f.servers[n].rtt }

// leads reports whether a server knows a leader.
func (f *Fleet) hasLeader(n int16) bool {
	return f.leader >= 0 && f.now >= f.leads && !f.servers[n].leaderless
}

// noteRound counts a round of a.
func (f *Fleet) noteRound(a *agent) {
	f.count(f.roundBins)
	if f.running() {
		switch {
		case a.rounds == 0 || a.lastRound < f.cfg.Warm:
			f.firsts = append(f.firsts, f.now-f.cfg.Warm)
		default:
			f.gaps = append(f.gaps, f.now-a.lastRound)
		}
	}
	a.rounds++
	a.lastRound = f.now
}

// back ends a's outage.
func (f *Fleet) back(a *agent) {
	if f.running() {
		f.outages = append(f.outages, f.now-a.outSince)
	}
	a.outSince = 0
}

// sample takes the state of the fleet.
func (f *Fleet) sample() {
	s := sample{at: f.now - f.cfg.Warm}
	for i := range f.servers {
		s.active = append(s.active, f.servers[i].active)
		if f.servers[i].up {
			s.up++
		}
	}
	f.samples = append(f.samples, s)
}
