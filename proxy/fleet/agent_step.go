package fleet

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// settle does all that is to be done, and has the cores called when they want to be.
func (f *Fleet) settle(a *agent) {
	for i := 0; i < len(f.todo); i++ {
		t := f.todo[i]
		switch e := t.effect.(type) {
		case poolcore.Effect:
			f.ofPool(a, e)
		case roster.Effect:
			f.ofList(a, e)
		default:
			f.ofWait(a, t)
		}
	}
	clear(f.todo)
	f.todo = f.todo[:0]
	if f.stepped {
		f.stepped = false
		f.arm(a)
	}
}

// ofList carries out an effect of the list.
func (f *Fleet) ofList(a *agent, e roster.Effect) {
	switch e := e.(type) {
	case roster.Publish:
		f.publish(a, e.View)
	case roster.Probe:
		f.probe(a, e)
	case roster.EndRound:
		f.endPings(a, func(p *ping) bool { return p.kind == probe && p.round == e.Round })
	case roster.Corroborate:
		f.corroborate(a, e)
	case roster.Discover:
		of := event{agent: a.id, kind: evDiscovered, arg: uint32(e.Run)}
		after, answered := f.discover()
		if answered {
			of.gen = 1
		}
		f.in(after, of)
	case roster.Reconnect:
		f.tellPool(a, poolcore.Renew{Addr: e.Server.Addr, Proof: knowsLeader{}, Reply: f.reply(renewal, f.number[e.Server.Addr])})
	case roster.Log, roster.Answerer:
	}
}

// publish makes a view the one that calls see, and tells the pool what follows from it.
func (f *Fleet) publish(a *agent, view *messages.View) {
	if attempt.Added(view, a.view, a.set.Spread) {
		f.tellPool(a, poolcore.ServersAdded{})
	}
	a.view, a.sure = view, -1
	n := int16(-1)
	if s, hasActive := view.Active(); hasActive {
		n = f.number[s.Addr]
	}
	f.move(a, n)
	f.tune(a, a.set.Viewed(view, a.ttl, a.place))
	f.wake(a)
}

// move has n carry a's calls, -1 none. The blocking query is made again there.
func (f *Fleet) move(a *agent, n int16) {
	before := a.front
	if n == before {
		return
	}
	a.front = n
	if before >= 0 {
		f.servers[before].active--
		f.count(f.moves)
		if a.met > 0 && !f.serves(a, before) {
			f.left = append(f.left, f.now-a.met)
		}
		a.met = 0
	}
	if n < 0 {
		return
	}
	f.servers[n].active++
	if n == a.last {
		return
	}
	a.last = n
	a.moves++
	if c := &a.query; c.on && c.state == sent {
		f.todo = append(f.todo, todo{gen: c.gen, which: watch, effect: movedOff{}})
	}
}

// arm has the cores called when one of them wants to be.
func (f *Fleet) arm(a *agent) {
	at := a.list.Deadline().Sub(f.base)
	if p := f.poolDeadline(a); !p.IsZero() {
		at = min(at, p.Sub(f.base))
	}
	if at = max(at, f.now); a.armed >= 0 && a.armed <= at {
		return // they are called before, and armed anew
	}
	a.armed = at
	f.queue.push(event{at: at, agent: a.id, kind: evDue})
}

// poolDeadline is when the pool is to be called; zero: never. While servers are well only
// pings pass, which are not worth an event each (heard).
func (f *Fleet) poolDeadline(a *agent) time.Time {
	for i := range a.sessions {
		if !f.reaches(a, a.sessions[i].server) {
			return a.pool.Deadline()
		}
	}
	return a.pool.Rest()
}

// expire calls the cores at their deadline.
func (f *Fleet) expire(a *agent, at time.Duration) {
	if at != a.armed {
		return
	}
	a.armed = -1
	f.stepped = true
	now := f.clock()
	if !now.Before(a.list.Deadline()) {
		a.list.Expire(now)
		f.takeList(a)
	}
	if p := a.pool.Deadline(); !p.IsZero() && !now.Before(p) {
		a.pool.Expire(now)
		f.takePool(a)
	}
}

// discovered ends a discovery run.
func (f *Fleet) discovered(a *agent, e event) {
	done := messages.DiscoveryDone{Run: uint64(e.arg), Err: errSilent}
	if e.gen > 0 {
		done.Err = nil
		for i := range f.servers {
			done.Found = append(done.Found, messages.Found{Addr: f.servers[i].Addr, Source: messages.SourceConsul})
		}
	}
	f.tell(a, done)
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
