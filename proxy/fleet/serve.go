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
	after = f.way(a, n)
	if what == askSign {
		return after, true
	}
	s := &f.servers[n]
	if s.hung {
		return 0, false
	}
	after += f.works(s)
	if what == askBeat && f.leader >= 0 && f.leader != int(n) {
		leader := &f.servers[f.leader]
		if leader.hung {
			return 0, false
		}
		after += f.hop(n, int16(f.leader)) + f.works(leader)
	}
	return after, true
}

// works is how long a server takes for a request that reaches it now: it works the
// requests off one after the other. A slow server takes longer for each one, but has
// several of them in work.
func (f *Fleet) works(s *server) time.Duration {
	if f.cfg.ServiceTime == 0 {
		return s.slow
	}
	each := f.cfg.ServiceTime + s.slow/time.Duration(f.cfg.Workers)
	s.busy = max(s.busy, f.now) + each
	return s.busy - f.now - each + f.cfg.ServiceTime + s.slow
}
