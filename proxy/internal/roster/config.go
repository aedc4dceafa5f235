package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Config configures a Roster. The zero value works: it starts without a
// server and asks for discovery.
type Config struct {
	Servers          []messages.Server // configured servers, the first primaries, in any order; duplicates collapse
	Remembered       []messages.Server // backups until a heartbeat names a leader: what worked before the last start
	Datacenter       string            // the agent's own; empty: unknown
	PreferDatacenter bool              // rounds try the own datacenter's primaries before the others
	RPCMajorVersion  int               // heartbeats' servers with a newer one are left out
	Policy           Policy            // how the start and each round order the servers; default Shuffle
	NodeID           string            // what Rendezvous hashes; unused by Shuffle
	FleetIndex       uint64            // the agent's number in the fleet, from 1: where Shuffle sends it after a failover; 0: back to the server it left

	Rebalance        Timing        // the time between rounds
	ProbeTimeout     time.Duration // limit of one whole round; default 3 s
	ProbeStagger     time.Duration // silence after which the next candidate is probed too; default 250 ms
	NoDiscovery      bool          // there is no Discoverer
	NoLog            bool          // no effect is a Log
	DiscoverInterval time.Duration // least time between discovery runs, plus up to a quarter, but for the first few; in a large fleet longer; default 15 s
}

// Timing sets the time between rebalance rounds. What is zero or negative gets its
// default.
type Timing struct {
	MinInterval          time.Duration // least time between rounds, plus up to a half; default 120 s
	ConnsPerServerSecond int           // new connections per second that rounds may cost one server; default 64
	Spread               time.Duration // least time from a failover, or a new server, to the round that it brings forward, plus up to twice as much, or what a large fleet needs; default 5 s
}

// The defaults of the fields of Config that have the same names, and of those of proxy.Config.
const (
	ProbeTimeout     = 3 * time.Second
	ProbeStagger     = 250 * time.Millisecond
	DiscoverInterval = 15 * time.Second
)

// withDefaults is c with its unset and negative numbers replaced. It owns its
// slice.
func (c Config) withDefaults() Config {
	c.Servers = slices.Clone(c.Servers)
	c.Rebalance.MinInterval = orDefault(c.Rebalance.MinInterval, 120*time.Second)
	c.Rebalance.ConnsPerServerSecond = orDefault(c.Rebalance.ConnsPerServerSecond, 64)
	c.Rebalance.Spread = orDefault(c.Rebalance.Spread, 5*time.Second)
	c.ProbeTimeout = orDefault(c.ProbeTimeout, ProbeTimeout)
	c.ProbeStagger = orDefault(c.ProbeStagger, ProbeStagger)
	c.DiscoverInterval = orDefault(c.DiscoverInterval, DiscoverInterval)
	return c
}

// orDefault is v if it is positive, else d.
func orDefault[N int | time.Duration](v, d N) N {
	if v > 0 {
		return v
	}
	return d
}
