package cluster

import "time"

// synAt is when a SYN that is not answered is sent again, counted from the first one
// (Linux: the timeout is 1 s at first, and doubles).
var synAt = [...]time.Duration{time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second}

// attempted is a dial whose SYN is on its way or is sent later.
type attempted struct {
	agent int32
	n     int16         // the address
	began time.Duration // the dial
	limit time.Duration // of the dial
	first time.Duration // when the first SYN was sent
	at    time.Duration // when the next one is
	sent  int
	to    int16 // the server that the first SYN was sent to

	serial  uint32 // of the place in syns; events for another one are stale
	parked  bool   // its server is frozen, and its connection is in the kernel's hands
	counted bool   // among its server's dials
}

// Dial is the result of an agent's dial to an address, limited to limit: how it ends, and
// after what time. The result is Resent if a SYN is sent later. Then the caller calls Keep,
// and the host hears how the dial has ended; after is the limit.
func (c *Cluster) Dial(agent int32, n int16, limit time.Duration) (how uint32, after time.Duration) {
	d := &c.syns.begun
	*d = attempted{agent: agent, n: n, began: c.now(), first: c.now(), limit: limit}
	if c.cfg.Names {
		took, answered := c.ask(&c.dns)
		switch {
		case !answered || took >= limit:
			return c.undone(n, TimedOut, min(took, limit))
		case took > 0:
			d.at, d.first = c.now()+took, c.now()+took
			return Resent, limit
		}
	}
	return c.syn(d)
}

// syn sends a SYN of a dial: how the dial ends, and after what time from now. A server
// completes handshakes one after the other, also those that are given up meanwhile.
func (c *Cluster) syn(d *attempted) (how uint32, after time.Duration) {
	if d.sent == 0 {
		d.to = c.choose(d.n)
	}
	d.sent++
	rest := d.began + d.limit - c.now()
	rtt := c.way(d.agent, max(d.to, 0))
	if d.to < 0 {
		return c.undone(d.n, Refused, rtt)
	}
	s := &c.servers[d.to]
	switch full := c.cfg.Backlog > 0 && c.waiting(s, rtt/2) > c.cfg.Backlog; {
	case s.cut.hits(d.agent, d.to): // its host hears nothing, whether there is a process or not
		return c.unheard(d, rest)
	case !s.Up:
		return c.undone(d.to, Refused, rtt)
	case s.Frozen:
		if full {
			return c.unheard(d, rest)
		}
		c.arrives(s, d) // in its kernel, which has accepted it
		d.parked, d.at = true, c.now()+rest
		return Resent, rest
	case full:
		c.arrives(s, d)
		return c.unheard(d, rest)
	}
	c.arrives(s, d)
	if c.full(d.agent, d.to) { // it is closed as soon as it is accepted
		return c.undone(d.to, Refused, 2*rtt)
	}
	done := c.now() + rtt/2
	if c.cfg.Handshakes > 0 {
		done = max(done, s.free) + c.handshake()
		s.free = done
	}
	took := done + rtt/2 + rtt - c.now() // the last one is the first ping's
	if took > rest {
		return c.undone(d.to, TimedOut, rest)
	}
	c.opens(d.agent, d.to, c.now()+took)
	return Made, took
}

// arrives counts a dial that has come to its server.
func (c *Cluster) arrives(s *server, d *attempted) {
	if !d.counted {
		d.counted = true
		c.host.Count(s.Dials)
	}
}

// unheard has a SYN sent again that is not answered, if the dial lasts until then.
func (c *Cluster) unheard(d *attempted, rest time.Duration) (uint32, time.Duration) {
	if d.sent > len(synAt) || d.first+synAt[d.sent-1] >= d.began+d.limit {
		return c.undone(d.to, TimedOut, rest)
	}
	d.at = d.first + synAt[d.sent-1]
	return Resent, rest
}

// undone counts a dial without a session.
func (c *Cluster) undone(n int16, how uint32, after time.Duration) (uint32, time.Duration) {
	s := &c.servers[n]
	c.host.Count(s.Failed)
	if how == Refused {
		c.host.Count(s.Refused)
	}
	return how, after
}

// handshake is how long a server works on one.
func (c *Cluster) handshake() time.Duration { return time.Second / time.Duration(c.cfg.Handshakes) }

// waiting is how many handshakes a server has before it, and in work, after a while.
func (c *Cluster) waiting(s *server, after time.Duration) int {
	if s.Frozen {
		return len(s.parked)
	}
	if c.cfg.Handshakes == 0 {
		return 0
	}
	each := c.handshake()
	return int((max(s.free-c.now()-after, 0) + each - 1) / each)
}
