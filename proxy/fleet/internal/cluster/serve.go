package cluster

import "time"

// Request is what an agent asks a server for.
type Request uint8

// The requests.
const (
	Beat   Request = iota // a heartbeat: a handler passes it on to the leader
	Watch                 // a blocking query: a handler takes it
	Status                // Status.Ping: a handler answers it
	Sign                  // a ping of the session: no handler
)

// Serve is the time after which the answer comes to a request that an agent sends now over
// its session with an address, and whether one comes. A blocking query's is when the server has taken it.
func (c *Cluster) Serve(agent int32, n int16, what Request) (after time.Duration, answered bool) {
	n = c.Behind(agent, n)
	if n < 0 || !c.alive(agent, n) {
		return 0, false
	}
	way := c.way(agent, n)
	s := &c.servers[n]
	switch {
	case what == Sign:
		return way, true
	case s.Hung:
		return 0, false
	}
	after = c.works(s, way/2)
	if what == Beat && c.leader >= 0 && c.leader != int(n) {
		leader := &c.servers[c.leader]
		if leader.Hung {
			return 0, false
		}
		hop := c.hop(n, int16(c.leader))
		after = c.works(leader, after+hop/2) + hop/2
	}
	return after + way/2, true
}

// works is when a server has worked off a request that reaches it after a while, from
// now: it works them off one after the other, in the order in which they are sent. A slow
// server takes longer for each one, but has several of them in work.
func (c *Cluster) works(s *server, after time.Duration) time.Duration {
	took := c.cfg.ServiceTime + s.slow
	if c.cfg.ServiceTime == 0 {
		return after + took
	}
	begins := max(s.busy, c.now())
	s.busy = begins + c.cfg.ServiceTime + s.slow/time.Duration(c.cfg.Workers)
	return max(after, begins-c.now()) + took
}
