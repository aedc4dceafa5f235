package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// todo is what the agent whose event it is has to do yet: an effect of one of its cores, or
// of the end of a session for what waited on it. All of it is done in the order in which it came up.
type todo struct {
	effect any
	gen    uint32 // of the wait
	which  int
}

// next has a call go on, after what is to be done before.
type goOn struct{}

// tell gives a's list one message.
func (f *Fleet) tell(a *agent, m messages.Message) {
	a.list.Step(f.clock(), m)
	f.takeList(a)
}

func (f *Fleet) takeList(a *agent) {
	f.stepped = true
	for _, e := range a.list.Take() {
		f.todo = append(f.todo, todo{effect: e})
	}
}

// tellPool gives a's pool one message.
func (f *Fleet) tellPool(a *agent, m poolcore.Message) {
	a.pool.Step(f.clock(), m)
	f.takePool(a)
}

func (f *Fleet) takePool(a *agent) {
	f.stepped = true
	for _, e := range a.pool.Take() {
		f.todo = append(f.todo, todo{effect: e})
	}
}

// down tells a's list that a server cannot be reached, as the proxy does for its pool. A
// session that this side had no more use for shows nothing.
func (f *Fleet) down(a *agent, n int16, cause error) {
	if !poolcore.LetGo(cause) {
		f.tell(a, messages.FailureNotice{Server: messages.Server{Addr: f.servers[n].Addr}, Err: cause})
	}
}

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

// tune gives the pool the settings that have changed.
func (f *Fleet) tune(a *agent, next attempt.Settings) {
	last := a.set
	a.set = next
	if next.Retained != last.Retained {
		f.tellPool(a, poolcore.Retain{Addr: next.Retained})
	}
	if next.Keepalive != last.Keepalive {
		f.tellPool(a, poolcore.Keepalive{Interval: next.Keepalive})
	}
	if next.Spread != last.Spread {
		f.tellPool(a, poolcore.DialSpread{Over: next.Spread})
	}
	if next.Lease != last.Lease {
		f.tellPool(a, poolcore.HeartbeatTTL{TTL: next.Lease})
	}
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
// their pings pass, which is not worth an event each.
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
