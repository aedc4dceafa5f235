package fleet

import (
	"cmp"
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

	RTT        time.Duration // default 1 ms
	Handshakes int           // that one server completes in a second, as far as they are the sample's; 0: any number
	Heartbeats int           // that the cluster grants in a second; default 50
	TTL        time.Duration // least that is granted, plus up to as much; default 10 s
	NoBeats    bool          // agents send no heartbeat during the run; they have learned the size of the fleet before
	Grain      time.Duration // of what is counted over time; default 100 ms
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
	c.Grain = cmp.Or(c.Grain, 100*time.Millisecond)
	return c
}
