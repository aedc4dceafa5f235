package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/cluster"
)

// ride puts what waits for a session on it, on a stream that was used before if there is one. A
// server acknowledges a new stream, also one whose handlers hang: that is a sign of life, for
// which there is no event.
func (f *Fleet) ride(a *agent, w *wait, s *session) {
	w.state, w.session = sent, s.id
	w.begin, w.lost, w.looking, w.answered, w.reported = f.now, false, false, false, 0
	if s.load++; s.load <= s.streams {
		return
	}
	s.streams = s.load
	if after, acknowledged := f.serve(a, s.server, askSign); acknowledged {
		s.heard = f.now + after
	}
}

// leave takes it off its session. The stream of a call that was given up is ended.
func (f *Fleet) leave(a *agent, w *wait) {
	s := a.session(w.session)
	w.state, w.session = idle, 0
	if s == nil {
		return
	}
	if s.load--; !w.answered {
		s.streams--
	}
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
	look := w.begin + poolcore.FirstLook(w.held, poolcore.SilenceLimit, poolcore.HoldTimeout)
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

// leftUnanswered reports a caller that gives up what it has sent, and the session of which
// has not ended.
func (f *Fleet) leftUnanswered(a *agent, which int, w *wait) {
	s := a.session(w.session)
	if s == nil || w.quiet || w.held > 0 {
		return
	}
	m := poolcore.Unanswered{Session: uint64(s.id), Since: f.base.Add(w.begin), Probe: which >= firstPing, Silent: f.heard(a, s) <= w.begin}
	if s.answered <= w.begin && poolcore.LeavesLate(f.now-w.begin, f.now-s.lastLeft, poolcore.SilenceLimit) {
		s.lastLeft = f.now
		m.Late = m.Since.Add(poolcore.LateAfter(a.usually(which, w.server), poolcore.SilenceLimit))
	}
	if m.Silent || !m.Late.IsZero() {
		f.tellPool(a, m)
	}
}

// learn notes how long a heartbeat took.
func (f *Fleet) learn(a *agent, n int16, took time.Duration) {
	usually := poolcore.Learned(a.usually(beat, n), took, poolcore.SilenceLimit)
	if usually > 0 && a.usual == nil {
		a.usual = make([]time.Duration, len(f.servers))
	}
	if a.usual != nil {
		a.usual[n] = usually
	}
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
