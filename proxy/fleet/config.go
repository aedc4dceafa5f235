package fleet

import (
	"cmp"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// Config configures a simulation. A zero field gets its default.
type Config struct {
	Agents  int    // at least 1; default 1,000
	Nodes   int    // in the cluster, as heartbeats tell: the agents are a sample of them; default Agents
	Servers int    // 1 to 64; default 5
	Seed    uint64 // the same seed gives the same run

	Policy    Policy
	Rebalance roster.Timing
	Discovery bool // agents have a discoverer, which names all servers

	Begin  int           // servers that are up, and named, at the beginning; default all
	Warm   time.Duration // before the run: what happens then is not counted; default 10 min
	For    time.Duration // the run; default 5 min
	Start  time.Duration // agents start over this time; default 1 min
	Faults []Fault

	RTT        time.Duration // between an agent and a server, and between servers; default 1 ms
	Heartbeats int           // that the cluster grants in a second; default 50
	TTL        time.Duration // least that is granted, plus up to as much; default 10 s
	NoBeats    bool          // agents send no heartbeat during the run; they have learned the size of the fleet before
	Forget     time.Duration // heartbeats name a server no longer that is away for so long; 0: they go on

	// Zones is the number of zones that agents and servers are in, by turns; 0: one. RTTs
	// are the round trips by distance: within a zone, to the next one, and so on, the last
	// one also for what is farther. Without zones they are those of classes of agents, by
	// turns, to all servers. Default: all RTT.
	Zones int
	RTTs  []time.Duration

	// Handshakes is how many one server completes in a second, as far as they are the
	// sample's; 0: any number. Backlog is how many connections wait for theirs at most;
	// beyond it a server does not answer a SYN, so the dial is late; 0: any number.
	Handshakes int
	Backlog    int

	// Conns is how many sessions one server keeps at once, ConnsPerClient how many from
	// one client address (Nomad's rpc_max_conns_per_client is 100); more are closed at
	// once; 0: any number. PerAddress is how many agents have one address; default 1, and
	// behind a balancer all have its own.
	Conns          int
	ConnsPerClient int
	PerAddress     int

	// ServiceTime is how long one server works on one request that a handler answers: it
	// takes them one after the other, so it answers 1/ServiceTime a second; 0: any number.
	// Workers is how many requests a server that was made slow has in work at once; default 64,
	// or the sample's part of them.
	ServiceTime time.Duration
	Workers     int

	// Balancer has agents know one address, that of server 0, which leads to the servers
	// that are up by turns, one connection after the other. Heartbeats name that address.
	Balancer bool

	// Names has agents know the servers by names: a DNS query precedes each dial.
	// ResolverTime is what one takes, ResolverRate how many are answered in a second, one
	// after the other; 0: no time, and any number. ConsulTime (default 50 ms) and
	// ConsulRate are those of a discovery.
	Names        bool
	ResolverTime time.Duration
	ResolverRate int
	ConsulTime   time.Duration
	ConsulRate   int

	spoil spoil // what tests make worse
}

// Fault changes the world at a time after the warm-up.
type Fault struct {
	At time.Duration
	Do func(*Fleet)
}

// withDefaults is c with what is zero filled in.
func (c Config) withDefaults() Config {
	c.Agents = cmp.Or(c.Agents, 1000)
	c.Nodes = cmp.Or(c.Nodes, c.Agents)
	c.Servers = min(cmp.Or(c.Servers, 5), 64)
	c.Begin = cmp.Or(c.Begin, c.Servers)
	c.Warm = cmp.Or(c.Warm, 10*time.Minute)
	c.For = cmp.Or(c.For, 5*time.Minute)
	c.Start = cmp.Or(c.Start, time.Minute)
	c.RTT = cmp.Or(c.RTT, time.Millisecond)
	c.Heartbeats = cmp.Or(c.Heartbeats, 50)
	c.TTL = cmp.Or(c.TTL, 10*time.Second)
	c.Workers = cmp.Or(c.Workers, max(64*c.Agents/c.Nodes, 1))
	c.ConsulTime = cmp.Or(c.ConsulTime, 50*time.Millisecond)
	if len(c.RTTs) == 0 {
		c.RTTs = []time.Duration{c.RTT}
	}
	c.RTTs = slices.Clone(c.RTTs)
	switch {
	case c.PerAddress > 0:
	case c.Balancer:
		c.PerAddress = c.Agents
	default:
		c.PerAddress = 1
	}
	return c
}
