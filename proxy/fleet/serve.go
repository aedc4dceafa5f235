package fleet

import "time"

// What an agent asks a server for. The first two are its calls.
const (
	askBeat   = beat      // a heartbeat: a handler passes it on to the leader
	askWatch  = watch     // a blocking query: a handler takes it
	askStatus = watch + 1 // Status.Ping: a handler answers it
	askSign   = watch + 2 // a ping of the session: no handler
)

// serve is the time after which the answer comes to a request that a sends now over its
// session, and whether one comes. A blocking query's is when the server has taken it.
func (f *Fleet) serve(a *agent, n int16, what int) (after time.Duration, answered bool) {
	n = f.behind(a, n)
	if n < 0 || !f.alive(a.id, n) {
		return 0, false
	}
	way := f.way(a, n)
	s := &f.servers[n]
	switch {
	case what == askSign:
		return way, true
	case s.hung:
		return 0, false
	}
	after = f.works(s, way/2)
	if what == askBeat && f.leader >= 0 && f.leader != int(n) {
		leader := &f.servers[f.leader]
		if leader.hung {
			return 0, false
		}
		hop := f.hop(n, int16(f.leader))
		after = f.works(leader, after+hop/2) + hop/2
	}
	return after + way/2, true
}

// works is when a server has worked off a request that reaches it after a while, from
// now: it works them off one after the other, in the order in which they are sent. A slow
// server takes longer for each one, but has several of them in work.
func (f *Fleet) works(s *server, after time.Duration) time.Duration {
	took := f.cfg.ServiceTime + s.slow
	if f.cfg.ServiceTime == 0 {
		return after + took
	}
	begins := max(s.busy, f.now)
	s.busy = begins + f.cfg.ServiceTime + s.slow/time.Duration(f.cfg.Workers)
	return max(after, begins-f.now) + took
}
