package fleet

import "time"

// breaks breaks an agent's sessions with a server that are older than the end of its process, and,
// if that is now, its dials to it.
func (f *Fleet) breaks(a *agent, n int16, died time.Duration) {
	if f.had(a, n, died) {
		f.out(a, n)
		f.in(f.rtt(a, n)/2+a.upTo(time.Millisecond), event{agent: a.id, kind: evBroke, server: n})
	}
	for _, d := range a.dials {
		if d.server == n && died == f.now {
			f.in(f.rtt(a, n)/2, event{agent: a.id, server: n, kind: evDialed, arg: refused, gen: d.session})
		}
	}
}

// broke ends an agent's sessions with a server.
func (f *Fleet) broke(a *agent, n int16) {
	for i := 0; i < len(a.sessions); {
		if s := &a.sessions[i]; s.server == n && s.since < f.now {
			f.ended(a, s.id, errBroke)
			i = 0
			continue
		}
		i++
	}
}

// quiet is to be called when a server begins to answer less, or more: it is frozen, cut off,
// hung, or well again.
func (f *Fleet) quiet(n int16) {
	for i := range f.agents {
		a := &f.agents[i]
		if !f.up(a, n) {
			continue
		}
		serves := f.serves(a, n)
		switch {
		case !serves:
			f.out(a, n)
		case f.watched(a, n):
			f.regained(a)
		}
		if a.stock == nil {
			f.in(0, event{agent: a.id, kind: evChanged, server: n})
		} else if c := a.call(beat); serves && c.on && c.state == sent && c.server == n {
			f.in(f.rtt(a, n), event{agent: a.id, kind: evAnswered, server: n, call: beat, gen: c.gen})
		}
	}
}

// changed has an agent's pool look at its sessions with a server that answers less, or more.
// What was sent to it meanwhile is answered.
func (f *Fleet) changed(a *agent, n int16) {
	a.pool.Expire(f.clock())
	f.takePool(a)
	for i := range a.sessions {
		if s := &a.sessions[i]; s.server == n && s.pinged && f.reaches(a, n) {
			f.in(f.rtt(a, n), event{agent: a.id, kind: evPong, gen: s.id})
		}
	}
	if !f.serves(a, n) {
		return
	}
	f.each(a, func(w *wait, which int) {
		if w.state == sent && w.server == n && w.lost {
			w.lost = false
			f.answerComes(a, which, w, f.rtt(a, n), served)
		}
	})
}

// out notes that the server that holds a's blocking query is gone.
func (f *Fleet) out(a *agent, n int16) {
	if f.watched(a, n) && a.outSince == 0 {
		if !a.nowhere() {
			f.outs++
		}
		a.outSince = f.now
	}
}

// looking notes that an agent starts: it is out until a server holds its blocking query.
func (f *Fleet) looking(a *agent) {
	a.fresh = true
	f.outs++
}

// regained notes that a server holds the query, again or for the first time. Only an agent
// that had a server has had an outage.
func (f *Fleet) regained(a *agent) {
	if a.nowhere() {
		f.outs--
	}
	a.fresh = false
	if a.outSince > 0 {
		f.back(a)
	}
}

// nowhere reports whether an agent is out: it has started, and no server holds its query.
func (a *agent) nowhere() bool { return a.fresh || a.outSince > 0 }
