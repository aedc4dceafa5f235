package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
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
	terms  []term

	balancer balancer
	limits   limits
	syns     syns
	dns      resolver
	consul   resolver

	end  time.Duration // of the run
	outs int           // agents that are out

	lists   *roster.Shared       // of all agents
	pools   *poolcore.Config     // of all agents
	replies []actor.Reply[error] // what pools know waiters by, see reply
	waiters map[actor.Reply[error]]int
	chance  *rand.Rand // of the agent whose event it is
	draw    func(n int64) int64
	stage

	infos []messages.ServerInfo // of one heartbeat's answer, reused
	tally
}

// server is one server as agents meet it.
type server struct {
	messages.Server
	up         bool
	frozen     bool // connections stay, nothing is answered
	hung       bool // handlers answer nothing; handshakes and pings are answered
	named      bool // heartbeats name it
	voter      bool // it is one of those of which a majority is needed
	leaderless bool
	cut        cut
	slow       time.Duration // that its answers take longer
	rtt        time.Duration
	free       time.Duration // when it has worked off the handshakes that have come in
	parked     []place       // the dials that its kernel has accepted while it is frozen
	busy       time.Duration // when it has worked off the requests that have come in
	gone       time.Duration // when it died or fell silent

	active int // agents that have it in front
	bins
}

// How a dial ends.
const (
	refused  uint32 = iota // at once
	made                   // with a session
	timedOut               // with the dial limit
	resent                 // not yet: its SYN is sent again later
)

// The events of the world that are no fault and no sample.
const (
	evSyn    kind = 100 + iota // a SYN is sent: arg is its place in syns
	evForget                   // heartbeats name a server no longer: arg is its number
)

// furnish prepares what New's servers have around them.
func (f *Fleet) furnish() {
	for i := range f.servers {
		f.servers[i].voter = f.servers[i].up
	}
	f.dns = resolver{time: f.cfg.ResolverTime, rate: f.cfg.ResolverRate, asked: f.lookups}
	f.consul = resolver{time: f.cfg.ConsulTime, rate: f.cfg.ConsulRate, asked: f.discoveries}
	f.putBalancer()
}

// happens does one of the world's own events.
func (f *Fleet) happens(e event) {
	switch e.kind {
	case evSyn:
		f.synAgain(place{at: e.arg, serial: e.gen})
	case evForget:
		f.forgets(int(e.arg))
	}
}

// in has e happen after a while.
func (f *Fleet) in(d time.Duration, e event) {
	if e.kind == evDialed && e.arg == resent {
		f.resend(e)
		return
	}
	e.at = f.now + d
	f.queue.push(e)
}

// clock is the time that the cores get.
func (f *Fleet) clock() time.Time { return f.base.Add(f.now) }

// running reports whether the warm-up is over.
func (f *Fleet) running() bool { return f.now >= f.cfg.Warm }

// count adds one to c, unless it is still the warm-up.
func (f *Fleet) count(c *counter) {
	if f.running() {
		c.add(f.now - f.cfg.Warm)
	}
}

// reaches reports whether a server is alive for a: its handshakes and pings are answered.
func (f *Fleet) reaches(a *agent, n int16) bool {
	n = f.behind(a, n)
	return n >= 0 && f.alive(a.id, n)
}

// serves reports whether a server that a reaches answers its calls too.
func (f *Fleet) serves(a *agent, n int16) bool {
	n = f.behind(a, n)
	return n >= 0 && !f.servers[n].hung && f.alive(a.id, n)
}

// alive is reaches of the server itself, not of an address.
func (f *Fleet) alive(id int32, n int16) bool {
	s := &f.servers[n]
	return s.up && !s.frozen && !s.cut.hits(id, n)
}
