package cluster

import "time"

// Kill ends a server's process: its sessions break at once, but for agents that are cut off.
func (c *Cluster) Kill(n int) {
	s := &c.servers[n]
	s.Server.Kill()
	s.free, s.busy, s.died = c.now(), c.now(), c.now()
	c.dropParked(s)
	c.away(n)
	c.host.Broken(int16(n))
	c.vote()
}

// Begin starts the process of a server. One that is frozen or hangs ends, with its sessions.
func (c *Cluster) Begin(n int) {
	s := &c.servers[n]
	if s.Frozen || s.Hung {
		c.Kill(n)
	}
	s.Start()
	c.takeParked(s)
	c.returned(n)
}

// Leave has a server leave the cluster: it is named no longer, then its process ends.
func (c *Cluster) Leave(n int) {
	c.servers[n].Server.Leave()
	c.Kill(n)
}

// BeginAll starts every server that is down.
func (c *Cluster) BeginAll() {
	for n := range c.servers {
		if !c.servers[n].Up {
			c.Begin(n)
		}
	}
}

// KillAll ends all servers.
func (c *Cluster) KillAll() {
	for n := range c.servers {
		c.Kill(n)
	}
}

// Freeze makes a server silent: connections stay, nothing is answered.
func (c *Cluster) Freeze(n int) {
	c.servers[n].Server.Freeze()
	c.away(n)
	c.host.Changed(c.Address(int16(n)))
	c.vote()
}

// Thaw ends what Freeze began.
func (c *Cluster) Thaw(n int) {
	s := &c.servers[n]
	s.Server.Thaw()
	c.takeParked(s)
	if s.Up {
		c.returned(n)
	}
}

// Hang has a server's handlers answer nothing, or answer again; handshakes and pings are
// answered. It leads on if it leads.
func (c *Cluster) Hang(n int, is bool) {
	c.servers[n].Server.Hang(is)
	c.host.Changed(c.Address(int16(n)))
}

// Cut makes a server silent for so many percent of the agents: chance chooses them, for
// each server anew. 0 ends it.
func (c *Cluster) Cut(n, percent int) { c.cutFor(n, cut{percent: percent}) }

// CutFrom makes a server silent for so many percent of the agents, beginning with the
// percentile first, 0 to 99: so cuts of several servers are for the same agents, or for others.
func (c *Cluster) CutFrom(n, percent, first int) {
	c.cutFor(n, cut{percent: percent, first: first, shared: true})
}

func (c *Cluster) cutFor(n int, off cut) {
	s := &c.servers[n]
	s.cut, s.gone = off, c.now()
	c.host.Changed(c.Address(int16(n)))
	if s.died > 0 && !c.cfg.Balancer {
		c.host.Broken(int16(n))
	}
}

// Slow has a server's answers take so much longer; 0: no longer.
func (c *Cluster) Slow(n int, by time.Duration) { c.servers[n].slow = by }

// Name has heartbeats name a server, or no longer name it. Those behind a balancer are not
// named.
func (c *Cluster) Name(n int, named bool) { c.servers[n].Named = named }

// Leaderless has a server know no leader, or know it again.
func (c *Cluster) Leaderless(n int, is bool) {
	c.servers[n].Leaderless = is
	c.vote()
}

// away notes that a server died or fell silent.
func (c *Cluster) away(n int) {
	c.servers[n].gone = c.now()
	if c.cfg.Forget > 0 {
		c.host.Later(c.now()+c.cfg.Forget, Event{Forget: true, At: uint32(n)})
	}
}

// forgets has heartbeats name a server no longer that is away for long enough.
func (c *Cluster) forgets(n int) {
	if s := &c.servers[n]; (!s.Up || s.Frozen) && c.now() >= s.gone+c.cfg.Forget {
		c.Name(n, false)
	}
}

// returned notes that a server is there again.
func (c *Cluster) returned(n int) {
	c.host.Changed(c.Address(int16(n)))
	c.vote()
}
