package cluster

// balancer is what stands in front of the servers, if agents know one address only. It
// passes on bytes: it knows whether a server takes connections, not whether it answers.
type balancer struct {
	to   []int16 // by agent: the server that its session leads to; -1: none
	each []int   // by server: the agents that it leads to it
	turn int16   // the server that is next
}

// putBalancer puts a balancer in front, if there is to be one: the address of server 0 is
// its own, and the only one that heartbeats name.
func (c *Cluster) putBalancer() {
	if !c.cfg.Balancer {
		return
	}
	c.balancer = balancer{to: make([]int16, c.cfg.Agents), each: make([]int, len(c.servers))}
	for i := range c.balancer.to {
		c.balancer.to[i] = -1
	}
}

// Address is the number of the address that leads to a server.
func (c *Cluster) Address(n int16) int16 {
	if c.cfg.Balancer {
		return 0
	}
	return n
}

// Behind is the server that an agent's session with an address leads to; -1: none.
func (c *Cluster) Behind(agent int32, n int16) int16 {
	if c.cfg.Balancer {
		return c.balancer.to[agent]
	}
	return n
}

// choose is the server that a new connection to an address leads to; -1: none is up.
func (c *Cluster) choose(n int16) int16 {
	if !c.cfg.Balancer {
		return n
	}
	count := int16(len(c.servers))
	for range count {
		n = c.balancer.turn
		c.balancer.turn = (n + 1) % count
		if c.servers[n].Up {
			return n
		}
	}
	return -1
}

// LeadTo notes which server an agent's new session leads to; -1: its session has broken.
func (c *Cluster) LeadTo(agent int32, n int16) {
	if !c.cfg.Balancer {
		return
	}
	b := &c.balancer
	if before := b.to[agent]; before >= 0 {
		b.each[before]--
	}
	if b.to[agent] = n; n >= 0 {
		b.each[n]++
	}
}

// Led is how many agents a balancer leads to a server; false: there is none.
func (c *Cluster) Led(n int) (agents int, balanced bool) {
	if !c.cfg.Balancer {
		return 0, false
	}
	return c.balancer.each[n], true
}
