package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// tell gives a's roster one message and does what it decides.
func (f *Fleet) tell(a *agent, m messages.Message) {
	a.core.Step(f.clock(), m)
	f.apply(a)
}

// apply does what a's roster has decided.
func (f *Fleet) apply(a *agent) {
	var probes []roster.Probe
	var corroborators []roster.Corroborate
	for _, e := range a.core.Take() {
		switch e := e.(type) {
		case roster.Publish:
			a.view = e.View
			a.dials.Spread(spread(e.View))
			n := int16(-1)
			if s, hasActive := e.View.Active(); hasActive {
				n = f.number[s.Addr]
			}
			f.move(a, n)
			f.wake(a)
		case roster.Probe:
			probes = append(probes, e)
		case roster.Corroborate:
			corroborators = append(corroborators, e)
		case roster.Discover:
			f.count(f.discoveries)
			f.in(50*time.Millisecond, event{agent: a.id, kind: evDiscovered, arg: uint32(e.Run)})
		case roster.EndRound:
			a.forget(func(x asked) bool { return x.suspect < 0 && x.round == e.Round })
		case roster.Reconnect: // each address has one server behind it
		case roster.Log, roster.Answerer:
		}
	}
	f.arm(a)
	// The roster may get a message in between only when its effects are done.
	for _, p := range probes {
		f.probe(a, p)
	}
	for _, w := range corroborators {
		f.askCorroborators(a, w)
	}
}

// arm has the roster called when it wants to be.
func (f *Fleet) arm(a *agent) {
	at := max(a.core.Deadline().Sub(f.base), f.now)
	if a.armed == at {
		return
	}
	a.armed = at
	f.queue.push(event{at: at, agent: a.id, kind: evRoster})
}

// expire calls the roster at its deadline.
func (f *Fleet) expire(a *agent, at time.Duration) {
	if at != a.armed {
		return
	}
	a.armed = -1
	a.core.Expire(f.clock())
	f.apply(a)
}

// discovered ends a discovery run.
func (f *Fleet) discovered(a *agent, run uint32) {
	found := make([]messages.Found, 0, len(f.servers))
	for i := range f.servers {
		found = append(found, messages.Found{Addr: f.servers[i].Addr, Source: messages.SourceConsul})
	}
	f.tell(a, messages.DiscoveryDone{Run: uint64(run), Found: found})
}

// spread is the time in which the servers can take a session of every agent.
func spread(v *messages.View) time.Duration {
	return time.Duration(v.NumNodes()) * time.Second / time.Duration(64*max(v.Len(), 1))
}
