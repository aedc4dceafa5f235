package cluster

import "time"

const (
	// Election is how long the servers take to elect a leader.
	Election = 3 * time.Second
	// grace is what a leader waits beyond the TTL (Nomad 2.0.6, heartbeat_grace).
	grace = 10 * time.Second
	// failoverTTL is what a new leader gives every node (the same, failover_heartbeat_ttl).
	failoverTTL = 300 * time.Second
)

// term is the time of one leader.
type term struct {
	from time.Duration
	lost time.Duration // never: it leads still
}

const never = time.Duration(1<<63 - 1)

// HasLeader reports whether a server knows a leader.
func (c *Cluster) HasLeader(n int16) bool {
	return c.leader >= 0 && c.now() >= c.leads && !c.servers[n].Leaderless
}

// vote has the servers lose their leader, and elect one, if they must.
func (c *Cluster) vote() {
	can, voters := 0, 0
	for i := range c.servers {
		if c.servers[i].Member {
			voters++
		}
		if c.canLead(i) {
			can++
		}
	}
	switch majority := 2*can > voters; {
	case c.leader >= 0 && (!majority || !c.canLead(c.leader)):
		c.terms[len(c.terms)-1].lost = max(c.now(), c.terms[len(c.terms)-1].from)
		c.leader = -1
		if majority {
			c.elect(Election)
		}
	case c.leader < 0 && majority:
		c.elect(Election)
	}
}

// canLead reports whether a server votes, and can lead.
func (c *Cluster) canLead(n int) bool {
	s := &c.servers[n]
	return s.Member && s.Up && !s.Frozen && !s.Leaderless
}

// elect has one of the servers lead after a while that can.
func (c *Cluster) elect(after time.Duration) {
	c.leader, c.leads = -1, c.now()+after
	var can []int
	for n := range c.servers {
		if c.canLead(n) {
			can = append(can, n)
		}
	}
	if len(can) > 0 {
		c.leader = can[c.rng.IntN(len(can))]
		c.terms = append(c.terms, term{from: c.leads, lost: never})
	}
}

// Leader is the server that leads, or is going to; false: there is none.
func (c *Cluster) Leader() (n int16, is bool) { return int16(c.leader), c.leader >= 0 }

// LeadsIn is when a server knows the leader that is being elected; 0: it has one, or
// knows of none.
func (c *Cluster) LeadsIn(n int16) time.Duration {
	if c.leader < 0 || c.servers[n].Leaderless {
		return 0
	}
	return max(c.leads-c.now(), 0)
}

// MarkedDown reports whether a node has been marked down since its last heartbeat, which
// gave it a TTL: whether a leader waited for the next one in vain. The leader that took it
// waits for the TTL and a grace; one that came later gives all nodes a time of its own, as it
// knows no TTL. What was before the run is not looked at.
func (c *Cluster) MarkedDown(last, ttl time.Duration) bool {
	for i := range c.terms {
		t := &c.terms[i]
		if t.lost < last {
			continue
		}
		waits := t.from + failoverTTL
		if last >= t.from {
			waits = last + ttl + grace
		}
		if waits >= c.cfg.Warm && waits < min(t.lost, c.now()) {
			return true
		}
	}
	return false
}
