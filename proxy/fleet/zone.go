package fleet

import "time"

// rtt is the round trip time between an agent and the server at an address.
func (f *Fleet) rtt(a *agent, n int16) time.Duration { return f.way(a, max(f.behind(a, n), 0)) }

// way is the round trip time between an agent and a server.
func (f *Fleet) way(a *agent, n int16) time.Duration {
	if f.cfg.Zones == 0 {
		return f.cfg.RTTs[int(a.id)%len(f.cfg.RTTs)]
	}
	return f.apart(int(a.id), int(n))
}

// hop is the round trip time between two servers.
func (f *Fleet) hop(n, m int16) time.Duration {
	switch {
	case n == m:
		return 0
	case f.cfg.Zones == 0:
		return f.cfg.RTT
	default:
		return f.apart(int(n), int(m))
	}
}

// apart is the round trip time between number i and number j of agents or servers: these
// are in the zones by turns, and the zones stand in a circle.
func (f *Fleet) apart(i, j int) time.Duration {
	z := f.cfg.Zones
	d := (i%z - j%z + z) % z
	return f.cfg.RTTs[min(d, z-d, len(f.cfg.RTTs)-1)]
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
