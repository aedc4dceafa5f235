package fleet

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

const (
	noLeaderHold = 5 * time.Second // servers wait for a leader so long (rpc_hold_timeout; Nomad 2.0.6, nomad/config.go)
	noLeaderStep = 312 * time.Millisecond
)

// What the event of an answer brings.
const (
	served uint32 = iota
	refusedLeaderless
)

// send puts a call on a session.
func (f *Fleet) send(a *agent, i int, s *session) {
	c := a.call(i)
	s.engaged = true
	f.ride(a, &c.wait, s)
	if i == watch {
		f.hold(a)
		return
	}
	n := c.server
	f.count(f.servers[n].beats)
	switch {
	case !f.cluster.Up(n): // its session is about to break
		c.lost = true
	case !f.serves(a, n):
		if a.met == 0 && n == a.front {
			a.met = f.now
		}
		f.lose(a, &c.wait)
	case !f.hasLeader(n):
		wait := noLeaderHold
		step := a.upTo(noLeaderStep)
		if until := f.cluster.LeadsIn(n); until > 0 {
			wait = min(wait, until+step)
		}
		f.answerComes(a, i, &c.wait, wait, refusedLeaderless)
	default:
		f.asks(a, i, &c.wait, askBeat)
	}
}

// hold has a server hold the blocking query.
func (f *Fleet) hold(a *agent) {
	c := &a.query
	c.held = watchFor + watchFor/16
	if c.moves != a.moves { // another server is in front by now
		f.todo = append(f.todo, todo{gen: c.gen, which: watch, effect: movedOff{}})
		return
	}
	a.watchEnds = f.now + watchFor + a.upTo(watchFor/16)
	f.queue.push(event{at: a.watchEnds, agent: a.id, kind: evAnswered, server: c.server, call: watch, gen: c.gen})
	after, taken := f.serve(a, c.server, askWatch)
	if taken && (a.outSince > 0 || a.sure != c.server || !a.session(c.session).proven) {
		f.in(after, event{agent: a.id, kind: evTaken, gen: c.gen})
	}
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
		f.answerComes(a, beat, &c.wait, noLeaderHold, refusedLeaderless)
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
	usual := a.usually(w.server)
	if which == watch {
		usual = 0
	}
	waited := max(f.now-w.begin-w.held, 0)
	a.hung = a.hung.Unanswered(f.clock(), f.servers[w.server].Addr, methods[which], f.base.Add(f.now-waited), usual+usual/2)
	f.fails(a, which, errCut, attempt.Failure{Kind: attempt.Cut, Outcome: attempt.MaybeExecuted})
}

// errBehind is why a server is put behind the others.
var errBehind = errors.New("leaves calls unanswered which another one answers")

// hungAnswered notes an answer, and tells the list of servers that it shows to be half hung.
func (a *agent) hungAnswered(f *Fleet, which int, n int16, took time.Duration) {
	if a.hung == nil {
		return
	}
	next, behind := a.hung.Answered(f.clock(), f.servers[n].Addr, methods[which], took)
	a.hung = next
	for _, b := range behind {
		f.tell(a, messages.FailureNotice{
			Server: messages.Server{Addr: b.Server}, Err: fmt.Errorf("%w: %s", poolcore.ErrNotServing, errBehind), Partial: true,
		})
	}
}

// ofWait does what comes of the end of a session, or of a failure, for what waits.
func (f *Fleet) ofWait(a *agent, t todo) {
	w, which := a.waiting(t.gen)
	if w == nil {
		return
	}
	switch e := t.effect.(type) {
	case goOn:
		f.next(a, which)
	case raceOn:
		f.raceOn(a, which)
	case movedOff:
		if w.state != sent {
			return
		}
		if errors.Is(e.cause, poolcore.ErrNotServing) {
			f.fails(a, which, e.cause, brokenFailure(e.cause))
			return
		}
		f.moved(a, which)
	case lost:
		switch {
		case w.state != sent:
		case which < firstPing:
			f.fails(a, which, e.cause, brokenFailure(e.cause))
		default:
			f.pinged(a, w.gen, e.cause)
		}
	}
}

// brokenFailure is that of an attempt whose session ended, or whose server answers no call.
func brokenFailure(cause error) attempt.Failure {
	kind := attempt.Lost
	if poolcore.LetGo(cause) {
		kind = attempt.Withdrawn
	}
	return attempt.Failure{
		Kind: kind, Outcome: attempt.MaybeExecuted,
		Broke: errors.Is(cause, errBroke), Silent: errors.Is(cause, poolcore.ErrSilent),
	}
}
