package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// What a pool's configuration is by default.
const (
	dialLimit    = 2 * time.Second // callers wait for a dial so long
	idleLimit    = 2 * time.Minute
	drainLimit   = 30 * time.Second
	silenceLimit = time.Second     // a call that waits for so long is overdue
	pingLimit    = 2 * time.Second // a ping must be answered within it
	holdLimit    = time.Minute
)

// serverPing is the interval at which servers ping their sessions (yamux.DefaultConfig in
// Nomad 2.0.6, nomad/rpc.go).
const serverPing = 30 * time.Second

// session is an agent's session with a server.
type session struct {
	id      uint32 // the core's number
	server  int16
	load    int16 // what waits on it
	found   bool  // calls find it
	retired bool
	engaged bool // it has carried more than pings
	proven  bool // a call was answered, and the core knows
	pinged  bool // a ping is out
	noted   bool // its end was reported

	since    time.Duration // when it was made
	heard    time.Duration // when the last bytes came in, apart from servers' pings
	used     time.Duration // when those of a stream did
	answered time.Duration // when those of an answer did
	lastLeft time.Duration // when a caller that left was reported last
	cause    error         // why it is retired
}

// session is the one with that number; nil: it has ended.
func (a *agent) session(id uint32) *session {
	for i := range a.sessions {
		if a.sessions[i].id == id {
			return &a.sessions[i]
		}
	}
	return nil
}

// find is the session to a server that calls find; nil: there is none.
func (a *agent) find(n int16) *session {
	for i := range a.sessions {
		if s := &a.sessions[i]; s.server == n && s.found {
			return s
		}
	}
	return nil
}

// up reports whether a has a session with a server.
func (f *Fleet) up(a *agent, n int16) bool { return f.open(a, n) > 0 }

// open is how many sessions a has with a server.
func (f *Fleet) open(a *agent, n int16) (open int) {
	if a.stock != nil {
		if f.stockUp(a, n) {
			open++
		}
		return open
	}
	for i := range a.sessions {
		if a.sessions[i].server == n {
			open++
		}
	}
	return open
}

// heard is when the last bytes came in on a session, servers' pings included.
func (f *Fleet) heard(a *agent, s *session) time.Duration {
	until := f.now
	if !f.reaches(a, s.server) {
		until = max(f.cluster.SilentSince(a.id, s.server), s.since)
	}
	return max(s.heard, s.since+(until-s.since)/serverPing*serverPing)
}

// usage is how a session of the agent is used whose event it is.
func (f *Fleet) usage(id uint64) poolcore.Usage {
	s := f.current.session(uint32(id))
	if s == nil {
		return poolcore.Usage{}
	}
	return poolcore.Usage{
		Busy: s.load > 0, Used: f.base.Add(s.used), Heard: f.base.Add(f.heard(f.current, s)),
		Answered: f.base.Add(s.answered), Pinged: !s.engaged,
	}
}

// established begins a session.
func (f *Fleet) established(a *agent, n int16, id uint32) {
	a.sessions = append(a.sessions, session{
		id: id, server: n, since: f.now, heard: f.now, used: f.now, answered: f.now, lastLeft: f.now,
	})
}

// ended ends a session: its calls have ended with the cause, and the core hears of it.
func (f *Fleet) ended(a *agent, id uint32, cause error) {
	s := a.session(id)
	if s == nil {
		return
	}
	f.noteEnd(a, s, cause)
	n := s.server
	*s = a.sessions[len(a.sessions)-1]
	a.sessions = a.sessions[:len(a.sessions)-1]
	f.tellPool(a, poolcore.Disconnected{Addr: f.servers[n].Addr, Session: uint64(id), Err: cause})
	f.each(a, func(w *wait, which int) {
		if w.state == sent && w.session == id {
			f.todo = append(f.todo, todo{gen: w.gen, which: which, effect: lost{cause}})
		}
	})
}

// lost has what waited on a session fail that has ended.
type lost struct{ cause error }

// noteEnd tells the list's owner that calls leave a session, the first time, unless the
// server is judged by another one.
func (f *Fleet) noteEnd(a *agent, s *session, cause error) {
	if !s.noted && !a.pool.Superseded(f.servers[s.server].Addr, uint64(s.id)) {
		f.down(a, s.server, cause)
	}
	s.noted = true
}

// each calls do with all that waits.
func (f *Fleet) each(a *agent, do func(w *wait, which int)) {
	for i := range calls {
		if c := a.call(i); c.on {
			do(&c.wait, i)
		}
	}
	for i := range a.pings {
		do(&a.pings[i].wait, firstPing)
	}
}

// release ends a retired session on which nothing is.
func (f *Fleet) release(a *agent, id uint32) {
	if s := a.session(id); s != nil && s.load == 0 && s.retired {
		f.ended(a, id, s.cause)
	}
}

// retire has a session take no further call, and those end that move with their server.
func (f *Fleet) retire(a *agent, e poolcore.Retire) {
	s := a.session(uint32(e.Session))
	if s == nil {
		return
	}
	s.retired, s.cause = true, e.Cause
	if c := &a.query; c.on && c.state == sent && c.session == s.id {
		f.todo = append(f.todo, todo{gen: c.gen, which: watch, effect: movedOff{e.Cause}})
	}
}

// movedOff has the blocking query be made on another session.
type movedOff struct{ cause error }

// desert has calls leave a session whose server answers none.
func (f *Fleet) desert(a *agent, e poolcore.Desert) {
	s := a.session(uint32(e.Session))
	if s == nil {
		return
	}
	f.noteEnd(a, s, e.Cause)
	f.each(a, func(w *wait, which int) {
		if w.state == sent && w.session == s.id && !w.quiet {
			f.todo = append(f.todo, todo{gen: w.gen, which: which, effect: lost{e.Cause}})
		}
	})
}
