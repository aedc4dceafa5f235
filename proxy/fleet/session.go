package fleet

import "github.com/open-nomad/rpcproxy/internal/poolcore"

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

// noteEnd tells the list's owner that calls leave a session, the first time, unless the
// server is judged by another one.
func (f *Fleet) noteEnd(a *agent, s *session, cause error) {
	if !s.noted && !a.pool.Superseded(f.servers[s.server].Addr, uint64(s.id)) {
		f.down(a, s.server, cause)
	}
	s.noted = true
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
