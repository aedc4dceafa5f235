package cluster

import "time"

// RTT is the round trip time between an agent and the server that its session with an
// address leads to.
func (c *Cluster) RTT(agent int32, n int16) time.Duration {
	return c.way(agent, max(c.Behind(agent, n), 0))
}

// way is the round trip time between an agent and a server.
func (c *Cluster) way(agent int32, n int16) time.Duration {
	if c.cfg.Zones == 0 {
		return c.cfg.RTTs[int(agent)%len(c.cfg.RTTs)]
	}
	return c.apart(int(agent), int(n))
}

// hop is the round trip time between two servers.
func (c *Cluster) hop(n, m int16) time.Duration {
	switch {
	case n == m:
		return 0
	case c.cfg.Zones == 0:
		return c.cfg.RTT
	default:
		return c.apart(int(n), int(m))
	}
}

// apart is the round trip time between number i and number j of agents or servers: these
// are in the zones by turns, and the zones stand in a circle.
func (c *Cluster) apart(i, j int) time.Duration {
	z := c.cfg.Zones
	d := (i%z - j%z + z) % z
	return c.cfg.RTTs[min(d, z-d, len(c.cfg.RTTs)-1)]
}

// cut is the agents that do not reach a server.
type cut struct {
	percent int
	first   int  // of the percentiles that are cut
	shared  bool // percentiles are those of the agents; else chance chooses for each server
}

// hits reports whether the agent with an ID is one of them.
func (c cut) hits(id int32, n int16) bool {
	switch {
	case c.percent == 0:
		return false
	case c.shared:
		return (percentile(uint64(id))-c.first+100)%100 < c.percent
	default:
		return percentile(uint64(id)|(uint64(n)+1)<<32) < c.percent
	}
}

// percentile is 0 to 99: the same for the same key, and of consecutive keys like chance
// (the mixing of SplitMix64).
func percentile(key uint64) int {
	key += 0x9e3779b97f4a7c15
	key = (key ^ key>>30) * 0xbf58476d1ce4e5b9
	key = (key ^ key>>27) * 0x94d049bb133111eb
	return int((key ^ key>>31) % 100)
}
