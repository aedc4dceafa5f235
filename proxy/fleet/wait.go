package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/cluster"
)

// wait is one thing that an agent waits for: a session, or an answer on it.
type wait struct {
	gen      uint32 // events of something former are stale
	session  uint32 // that it is on; 0: none
	server   int16
	state    uint8
	lost     bool          // the answer does not come, unless the server comes to itself
	looking  bool          // a look is to come
	quiet    bool          // nothing is reported
	begin    time.Duration // when it was sent
	limit    time.Duration // when it is given up; 0: never
	held     time.Duration // for how long its server may hold it
	reported time.Duration // when Late was, and no call answered since; 0: not
}

// The states of a wait.
const (
	idle  uint8 = iota
	dials       // it waits for a session
	sent        // it waits for an answer
)

// What a wait is of, beside the calls: the number of a ping.
const firstPing = 2

// waiting is the wait that an event belongs to, and which one it is; nil: it is over.
func (a *agent) waiting(gen uint32) (w *wait, which int) {
	if c := &a.query; c.on && c.gen == gen {
		return &c.wait, watch
	}
	if c := a.beats; c.on && c.gen == gen {
		return &c.wait, beat
	}
	for i := range a.pings {
		if p := &a.pings[i]; p.gen == gen {
			return &p.wait, firstPing + i
		}
	}
	return nil, 0
}

// ride puts what waits for a session on it.
func (f *Fleet) ride(a *agent, w *wait, s *session) {
	w.state, w.session = sent, s.id
	w.begin, w.lost, w.looking, w.reported = f.now, false, false, 0
	s.load++
}

// leave takes it off its session.
func (f *Fleet) leave(a *agent, w *wait) {
	s := a.session(w.session)
	w.state, w.session = idle, 0
	if s == nil {
		return
	}
	s.load--
	if s.load == 0 && s.retired {
		f.tellPool(a, poolcore.Drained{Session: uint64(s.id)})
	}
}

// heardFrom notes an answer to what was sent.
func (f *Fleet) heardFrom(a *agent, w *wait) *session {
	s := a.session(w.session)
	s.heard, s.used, s.answered = f.now, f.now, f.now
	if !s.proven {
		s.proven = true
		f.tellPool(a, poolcore.Proven{Addr: f.servers[s.server].Addr})
	}
	return s
}

// answerComes has an answer come after a while, which may be too late.
func (f *Fleet) answerComes(a *agent, which int, w *wait, after time.Duration, how uint32) {
	f.in(after, event{agent: a.id, server: w.server, call: uint8(min(which, firstPing)), gen: w.gen, kind: evAnswered, arg: how})
	if look := f.firstLook(w); f.now+after > look {
		f.lookAt(a, w, look)
	}
}

// asks sends a request, whose answer comes or does not.
func (f *Fleet) asks(a *agent, which int, w *wait, what cluster.Request) {
	if after, answered := f.serve(a, w.server, what); answered {
		f.answerComes(a, which, w, after, served)
		return
	}
	f.lose(a, w)
}

// lose has the server looked at: the answer does not come.
func (f *Fleet) lose(a *agent, w *wait) {
	w.lost = true
	f.lookAt(a, w, f.firstLook(w))
}

// firstLook is when a wait is looked at first.
func (f *Fleet) firstLook(w *wait) time.Duration {
	look := w.begin + poolcore.FirstLook(w.held, silenceLimit, holdLimit)
	if w.limit > 0 {
		look = min(look, w.limit)
	}
	return look
}

func (f *Fleet) lookAt(a *agent, w *wait, at time.Duration) {
	if !w.looking {
		w.looking = true
		f.queue.push(event{at: max(at, f.now), agent: a.id, kind: evLook, gen: w.gen})
	}
}

// look looks at what waits: it is given up, or reports its server.
func (f *Fleet) look(a *agent, gen uint32) {
	w, which := a.waiting(gen)
	if w == nil || w.state == idle {
		return
	}
	w.looking = false
	if w.limit > 0 && f.now >= w.limit {
		f.giveUp(a, which, w)
		return
	}
	if w.state == dials {
		return // its end is looked at only where that comes before the dial's
	}
	if w.quiet {
		f.lookAt(a, w, w.limit)
		return
	}
	s := a.session(w.session)
	again, overdue := poolcore.OverdueIn(f.now-f.heard(a, s), silenceLimit, 0)
	if overdue {
		f.tellPool(a, poolcore.Overdue{Session: uint64(s.id)})
	}
	usual := poolcore.LateAfter(0, silenceLimit)
	if which == beat {
		usual = poolcore.LateAfter(a.usually(w.server), silenceLimit)
	}
	from := w.begin + w.held
	next, late := poolcore.LateIn(f.now-from, f.now-max(s.answered, from), usual, silenceLimit)
	if late {
		w.reported = f.now
		f.tellPool(a, poolcore.Late{Session: uint64(s.id)})
	}
	at := f.now + min(again, next)
	if w.limit > 0 {
		at = min(at, w.limit)
	}
	f.lookAt(a, w, at)
}

// leftUnanswered reports a caller that gives up what it has sent, and the session of which
// has not ended.
func (f *Fleet) leftUnanswered(a *agent, which int, w *wait) {
	s := a.session(w.session)
	if s == nil || w.quiet || w.held > 0 {
		return
	}
	m := poolcore.Unanswered{Session: uint64(s.id), Since: f.base.Add(w.begin), Silent: f.heard(a, s) <= w.begin}
	if s.answered <= w.begin && poolcore.LeavesLate(f.now-w.begin, f.now-s.lastLeft, silenceLimit) {
		s.lastLeft = f.now
		usual := time.Duration(0)
		if which == beat {
			usual = a.usually(w.server)
		}
		m.Late = m.Since.Add(poolcore.LateAfter(usual, silenceLimit))
	}
	if m.Silent || !m.Late.IsZero() {
		f.tellPool(a, m)
	}
}

// usually is how long a server takes for a heartbeat at times; 0: not long.
func (a *agent) usually(n int16) time.Duration {
	if a.usual == nil {
		return 0
	}
	return a.usual[n]
}

// learn notes how long one took.
func (f *Fleet) learn(a *agent, n int16, took time.Duration) {
	usually := poolcore.Learned(a.usually(n), took, silenceLimit)
	if usually > 0 && a.usual == nil {
		a.usual = make([]time.Duration, len(f.servers))
	}
	if a.usual != nil {
		a.usual[n] = usually
	}
}
