package cluster

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/state"
)

// Host is what a cluster is run by.
type Host interface {
	// Clock is the time since the beginning of the warm-up.
	Clock() time.Duration
	// Count adds one to c, unless it is still the warm-up.
	Count(c *count.Counter)
	// Later gives e to Happens at a time.
	Later(at time.Duration, e Event)
	// Ended says how the dial that was kept with a number ends, after a while.
	Ended(kept uint32, how uint32, after time.Duration)
	// Broken is called when a server's process has ended, and when agents hear of that later,
	// which were cut off: for agents that hear of it the sessions break that it had then.
	Broken(n int16)
	// Changed is called when the servers behind an address may answer less, or more.
	Changed(address int16)
	// Open is how many sessions an agent has with an address.
	Open(agent int32, address int16) int
}

// Event is one of a cluster's own.
type Event struct {
	Forget bool   // heartbeats name server At no longer; else the SYN of a dial is sent
	At     uint32 // the dial's number
	Serial uint32
}

// How a dial ends.
const (
	Refused  uint32 = iota // at once
	Made                   // with a session
	TimedOut               // with its limit
	Resent                 // not yet: its SYN is sent again later
)

// Cluster is the servers of a run. Servers and addresses have numbers from 0; address n
// leads to server n unless there is a balancer.
type Cluster struct {
	cfg     Config
	host    Host
	rng     *rand.Rand
	servers []server

	leader int           // -1: none
	leads  time.Duration // from then on
	terms  []term

	balancer balancer
	limits   limits
	syns     syns
	dns      resolver
	consul   resolver
}

// server is one server.
type server struct {
	state.Server
	cut    cut
	slow   time.Duration // that its answers take longer
	free   time.Duration // when it has worked off the handshakes that have come in
	parked []place       // the dials that its kernel has accepted while it is frozen
	busy   time.Duration // when it has worked off the requests that have come in
	gone   time.Duration // when it died or fell silent
	died   time.Duration // when it died last; 0: it has not
	Counts
}

// Counts are those of one server.
type Counts struct {
	Dials   *count.Counter // that reached it, or its kernel, whatever became of them
	Failed  *count.Counter // that ended without a session, when that was certain
	Refused *count.Counter // the same at once
}

// New makes a cluster, whose chance is rng's. It counts DNS queries and discoveries too.
func New(cfg Config, host Host, rng *rand.Rand, lookups, discoveries *count.Counter) *Cluster {
	c := &Cluster{
		cfg: cfg, host: host, rng: rng, servers: make([]server, cfg.Servers),
		dns:    resolver{time: cfg.ResolverTime, rate: cfg.ResolverRate, asked: lookups},
		consul: resolver{time: cfg.ConsulTime, rate: cfg.ConsulRate, asked: discoveries},
	}
	for i := range c.servers {
		s := &c.servers[i]
		if i < cfg.Begin {
			s.Server = state.Started()
		}
		s.Counts = Counts{Dials: new(count.Counter), Failed: new(count.Counter), Refused: new(count.Counter)}
	}
	c.putBalancer()
	c.elect(0)
	return c
}

// Happens does one of the cluster's own events.
func (c *Cluster) Happens(e Event) {
	if e.Forget {
		c.forgets(int(e.At))
		return
	}
	c.synAgain(place{at: e.At, serial: e.Serial})
}

// Counts are those of a server.
func (c *Cluster) Counts(n int) Counts { return c.servers[n].Counts }

// Up reports whether there is a process behind an address.
func (c *Cluster) Up(n int16) bool { return c.cfg.Balancer || c.servers[n].Up }

// Runs reports whether a server's process does.
func (c *Cluster) Runs(n int) bool { return c.servers[n].Up }

// Named reports whether heartbeats name a server: the first address only, where there is a
// balancer.
func (c *Cluster) Named(n int) bool {
	if c.cfg.Balancer {
		return n == 0
	}
	return c.servers[n].Named
}

// Accepts reports whether an agent's connections to an address are accepted: the kernel of a
// frozen server does that too.
func (c *Cluster) Accepts(agent int32, n int16) bool {
	return c.cfg.Balancer || c.servers[n].Up && !c.servers[n].cut.hits(agent, n)
}

// Reaches reports whether the server that an agent's session leads to is alive for it: its
// handshakes and pings are answered.
func (c *Cluster) Reaches(agent int32, n int16) bool {
	n = c.Behind(agent, n)
	return n >= 0 && c.alive(agent, n)
}

// Serves reports whether a server that an agent reaches answers its calls too.
func (c *Cluster) Serves(agent int32, n int16) bool {
	n = c.Behind(agent, n)
	return n >= 0 && !c.servers[n].Hung && c.alive(agent, n)
}

// alive is Reaches of the server itself, not of an address.
func (c *Cluster) alive(agent int32, n int16) bool {
	s := &c.servers[n]
	return s.Up && !s.Frozen && !s.cut.hits(agent, n)
}

// Died is when a server's process ended last; 0: it has not.
func (c *Cluster) Died(n int16) time.Duration { return c.servers[n].died }

// Hears reports whether an agent hears of the end of a server's process: where it is cut off
// from the machine it hears nothing. What is behind a balancer is never cut off.
func (c *Cluster) Hears(agent int32, n int16) bool {
	return c.cfg.Balancer || !c.servers[n].cut.hits(agent, n)
}

// SilentSince is when the server that an agent's session leads to died or fell silent last.
func (c *Cluster) SilentSince(agent int32, n int16) time.Duration {
	return c.servers[max(c.Behind(agent, n), 0)].gone
}

// now is the time since the beginning of the warm-up.
func (c *Cluster) now() time.Duration { return c.host.Clock() }
