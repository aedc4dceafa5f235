package fleet

import (
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

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
	again, overdue := poolcore.OverdueIn(f.now-f.heard(a, s), poolcore.SilenceLimit, 0)
	if overdue {
		f.tellPool(a, poolcore.Overdue{Session: uint64(s.id), Probe: which >= firstPing})
	}
	usual := poolcore.LateAfter(a.usually(which, w.server), poolcore.SilenceLimit)
	from := w.begin + w.held
	next, late := poolcore.LateIn(f.now-from, f.now-max(s.answered, from), usual, poolcore.SilenceLimit)
	if late {
		w.reported = f.now
		f.tellPool(a, poolcore.Late{Session: uint64(s.id), Probe: which >= firstPing})
	}
	at := f.now + min(again, next)
	if w.limit > 0 {
		at = min(at, w.limit)
	}
	f.lookAt(a, w, at)
}

// taken has a server hold the blocking query from now on. The agent asks for something else
// too when its server is another one, and that is answered now.
func (f *Fleet) taken(a *agent, gen uint32) {
	c := &a.query
	if !c.on || c.gen != gen || c.state != sent || !f.serves(a, c.server) {
		return
	}
	f.regained(a)
	f.heardFrom(a, &c.wait)
	f.proven(a, c.server, c.epoch)
}

// answered takes an answer, if the server still sends it.
func (f *Fleet) answered(a *agent, e event) {
	w, which := a.waiting(e.gen)
	switch {
	case w == nil || w.state != sent || w.lost:
		return
	case !f.serves(a, w.server):
		f.lose(a, w)
		return
	}
	w.answered = true
	switch which {
	case beat:
		f.beatAnswered(a, e.arg)
	case watch:
		c := &a.query
		f.heardFrom(a, w)
		f.leave(a, w)
		a.hungAnswered(f, watch, c.server, max(f.now-c.begin-c.held, 0))
		f.proven(a, c.server, c.epoch)
		a.tokens = a.tokens.Refunded()
		f.endCall(a, watch)
		f.begin(a, watch)
	default:
		f.pinged(a, w.gen, nil)
	}
}

// beatAnswered takes the answer to a heartbeat.
func (f *Fleet) beatAnswered(a *agent, how uint32) {
	c := a.call(beat)
	n := c.server
	leader, isLed := f.cluster.Leader()
	switch {
	case how == refusedLeaderless && !f.hasLeader(n):
		f.heardFrom(a, &c.wait)
		f.fails(a, beat, errNoLeader, attempt.Failure{Kind: attempt.Leaderless, Outcome: attempt.Rejected})
		return
	case !isLed: // there is none any more
		c.answered = false
		f.answerComes(a, beat, &c.wait, f.cfg.spoil.hold(noLeaderHold), refusedLeaderless)
		return
	}
	took := f.now - c.begin
	f.heardFrom(a, &c.wait)
	f.leave(a, &c.wait)
	f.learn(a, n, took)
	if pace, tells := c.Answered(f.clock()); tells {
		a.pace = pace
	}
	epoch := c.epoch
	f.endCall(a, beat)
	a.tokens = a.tokens.Refunded()
	f.noteBeat(a)
	f.proven(a, n, epoch)
	a.hungAnswered(f, beat, n, took)
	f.tune(a, a.set.Granted(a.ttl))
	f.tell(a, messages.HeartbeatUpdate{
		Servers: f.heartbeats(a), NumNodes: f.cfg.Nodes, LeaderRPCAddr: f.servers[leader].Addr,
		TTL: a.ttl, From: f.servers[n].Server,
	})
	a.beat++
	a.due = f.now + a.ttl
	f.in(a.ttl, event{agent: a.id, kind: evBeat, gen: a.beat})
}

// giveUp ends what has waited for as long as it may.
func (f *Fleet) giveUp(a *agent, which int, w *wait) {
	if which >= firstPing {
		f.leftUnanswered(a, which, w)
		f.pinged(a, w.gen, errCut)
		return
	}
	if w.state == dials {
		f.withdraw(a, which, w.server)
		f.fails(a, which, errCut, attempt.Failure{Kind: attempt.Cut, Outcome: attempt.NotSent})
		return
	}
	f.leftUnanswered(a, which, w)
	usual := a.usually(which, w.server)
	waited := max(f.now-w.begin-w.held, 0)
	a.hung = a.hung.Unanswered(f.clock(), f.servers[w.server].Addr, methods[which], f.base.Add(f.now-waited), usual+usual/2)
	f.fails(a, which, errCut, attempt.Failure{Kind: attempt.Cut, Outcome: attempt.MaybeExecuted})
}

// errBehind is why a server is put behind the others.
var errBehind = fmt.Errorf("%w: another one answers them", poolcore.ErrNotServing)

// hungAnswered notes an answer, and tells the list of servers that it shows to be half hung.
func (a *agent) hungAnswered(f *Fleet, which int, n int16, took time.Duration) {
	if a.hung == nil {
		return
	}
	next, behind := a.hung.Answered(f.clock(), f.servers[n].Addr, methods[which], took)
	a.hung = next
	for _, b := range behind {
		f.tell(a, messages.FailureNotice{
			Server: messages.Server{Addr: b.Server}, Err: errBehind, Partial: true,
		})
	}
}
