package cluster

import (
	"slices"
	"time"
)

// limits counts the sessions of servers, if they are limited. Agents end sessions
// without telling: where a limit seems to be reached they are counted again, at most
// once a second.
type limits struct {
	open      []int    // by server
	from      []uint32 // by client address and server
	counted   []time.Duration
	handshake []opening
}

// opening is a session that its agent does not have yet.
type opening struct {
	agent int32
	to    int16
	until time.Duration
}

// limited reports whether there is any limit.
func (c *Cluster) limited() bool { return c.cfg.Conns > 0 || c.cfg.ConnsPerClient > 0 }

// full reports whether a server closes one more connection of an agent.
func (c *Cluster) full(agent int32, n int16) bool {
	l := &c.limits
	if !c.limited() {
		return false
	}
	if l.open == nil {
		count := len(c.servers)
		l.open, l.counted = make([]int, count), make([]time.Duration, count)
		l.from = make([]uint32, count*(c.cfg.Agents/c.cfg.PerAddress+1))
	}
	if c.over(agent, n) && c.now() >= l.counted[n]+time.Second {
		c.recount(n)
	}
	return c.over(agent, n)
}

// over reports whether a server has as many sessions as it keeps.
func (c *Cluster) over(agent int32, n int16) bool {
	all, from := c.cfg.Conns, c.cfg.ConnsPerClient
	return all > 0 && c.limits.open[n] >= all || from > 0 && int(*c.opened(agent, n)) >= from
}

// opened is the number of sessions of an agent's address with a server.
func (c *Cluster) opened(id int32, n int16) *uint32 {
	return &c.limits.from[int(id)/c.cfg.PerAddress*len(c.servers)+int(n)]
}

// opens notes that an agent has a session with a server from a time on.
func (c *Cluster) opens(agent int32, n int16, from time.Duration) {
	c.LeadTo(agent, n)
	if !c.limited() {
		return
	}
	c.limits.open[n]++
	*c.opened(agent, n)++
	c.limits.handshake = append(c.limits.handshake, opening{agent: agent, to: n, until: from})
}

// recount counts the sessions of a server.
func (c *Cluster) recount(n int16) {
	l := &c.limits
	l.counted[n] = c.now()
	l.open[n] = 0
	for i := int(n); i < len(l.from); i += len(c.servers) {
		l.from[i] = 0
	}
	one := func(id int32) {
		l.open[n]++
		*c.opened(id, n)++
	}
	at := c.Address(n)
	for agent := range int32(c.cfg.Agents) {
		if c.Behind(agent, at) == n {
			for range c.host.Open(agent, at) {
				one(agent)
			}
		}
	}
	l.handshake = slices.DeleteFunc(l.handshake, func(o opening) bool { return o.until <= c.now() })
	for _, o := range l.handshake {
		if o.to == n {
			one(o.agent)
		}
	}
}
