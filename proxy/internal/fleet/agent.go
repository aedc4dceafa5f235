package fleet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// agent is one agent: the roster's core and the state that its shells hold.
type agent struct {
	id    int32
	rng   rand.Rand
	pcg   rand.PCG
	core  *roster.Roster
	view  *messages.View
	armed time.Duration // when the roster wants to be called; of older events nobody knows
	front int16         // the server in front; -1: none
	links []link        // by server
	calls [2]call
	asked []asked

	place  float64 // among the agents that fall silent together, as the proxy has one
	tokens tokens
	dials  *pool.DialPolicy
	number uint32 // of the last dial

	watchEnds time.Duration // when the server that holds the blocking query answers it
	outSince  time.Duration // when the blocking query lost its server; 0: it has not
	met       time.Duration // when a heartbeat met a silent server in front; 0: none has
	beat      uint32        // number of the next heartbeat
	due       time.Duration // that one
	landed    time.Duration // the last heartbeat; 0: none yet
	ttl       time.Duration

	rounds    int
	lastRound time.Duration
	stock     *stock
}

// asked is a ping on its way, of a round or for a suspicion.
type asked struct {
	server  int16
	round   uint64
	suspect int16 // of the witness; -1: it is a round's probe
	epoch   uint64
}

// The causes of failures, which no decision looks into.
var (
	errRefused  = errors.New("refused")
	errSilent   = errors.New("silent")
	errNoLeader = errors.New("no leader")
)

// upTo is a time in [0, d).
func (a *agent) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(a.rng.Int64N(int64(d)))
}

// start begins an agent.
func (f *Fleet) start(a *agent) {
	cfg := roster.Config{
		Servers: f.known, Policy: f.cfg.Policy, Rebalance: f.cfg.Rebalance, RPCMajorVersion: 1, NoDiscovery: !f.cfg.Discovery,
	}
	if f.cfg.Policy == roster.Rendezvous {
		r := rand.New(rand.NewPCG(f.cfg.Seed, uint64(a.id)+7))
		cfg.NodeID = fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64())
	}
	if f.cfg.Seats {
		cfg.FleetIndex = uint64(a.id) + 1
	}
	a.core = roster.New(cfg, &a.rng)
	a.dials = pool.NewDialPolicy(a.rng.Float64)
	a.place = a.rng.Float64()
	a.core.Start(f.clock())
	f.apply(a)
	f.begin(a, watch)
	f.in(a.upTo(10*time.Second), event{agent: a.id, kind: evBeat, gen: a.beat})
}

// tell gives a's roster one message and does what it decides.
func (f *Fleet) tell(a *agent, m messages.Message) {
	a.core.Step(f.clock(), m)
	f.apply(a)
}

// apply does what a's roster has decided.
func (f *Fleet) apply(a *agent) {
	var probes []roster.Probe
	var witnesses []roster.Corroborate
	for _, e := range a.core.Take() {
		switch e := e.(type) {
		case roster.Publish:
			a.view = e.View
			a.dials.Spread(spread(e.View))
			n := int16(-1)
			if s, some := e.View.Active(); some {
				n = f.number[s.Addr]
			}
			f.move(a, n)
			f.wake(a)
		case roster.Probe:
			probes = append(probes, e)
		case roster.Corroborate:
			witnesses = append(witnesses, e)
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
	// The roster may be told something in between only when its effects are done.
	for _, p := range probes {
		f.probe(a, p)
	}
	for _, w := range witnesses {
		f.askWitnesses(a, w)
	}
}

// forget drops the pings that are no longer waited for.
func (a *agent) forget(which func(asked) bool) {
	kept := a.asked[:0]
	for _, x := range a.asked {
		if !which(x) {
			kept = append(kept, x)
		}
	}
	a.asked = kept
}

// arm has the roster called when it wants to be.
func (f *Fleet) arm(a *agent) {
	at := max(f.since(a.core.Deadline()), f.now)
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

// event does what happens to one of our agents.
func (f *Fleet) event(a *agent, e event) {
	switch e.kind {
	case evStart:
		f.start(a)
	case evRoster:
		f.expire(a, e.at)
	case evBeat:
		if e.gen == a.beat && !(f.cfg.NoBeats && f.running()) {
			a.due = f.now
			f.begin(a, beat)
		}
	case evDialed:
		f.dialed(a, e)
	case evLate:
		f.overdueDial(a, e)
	case evAnswered:
		f.answered(a, e)
	case evNoLeader:
		f.refusedNoLeader(a, e)
	case evSlice:
		f.sliced(a, e)
	case evSuspect:
		f.suspect(a, e.server)
	case evUnanswered:
		f.unanswered(a, e.server)
	case evHeld:
		f.held(a, e)
	case evPause, evLoop:
		f.resume(a, e)
	case evMoved:
		f.moved(a, e)
	case evBroke:
		if a.links[e.server].up {
			f.broke(a, e.server, errRefused)
		}
	case evPinged:
		f.pinged(a, e.server, e.arg == made)
	case evWitness:
		f.witness(a, e)
	case evDiscovered:
		f.discovered(a, e.arg)
	}
}

// spread is the time in which the servers can take a session of every agent.
func spread(v *messages.View) time.Duration {
	return time.Duration(v.NumNodes()) * time.Second / time.Duration(64*max(v.Len(), 1))
}
