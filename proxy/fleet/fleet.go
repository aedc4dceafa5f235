package fleet

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// virtual is when every simulation begins.
var virtual = time.Unix(1_800_000_000, 0) //nolint:forbidigo // a virtual clock has one reading

// New prepares a run.
func New(cfg Config) *Fleet {
	cfg = cfg.withDefaults()
	f := &Fleet{
		cfg: cfg, base: virtual, rng: rand.New(rand.NewPCG(cfg.Seed, 99)),
		number: make(map[string]int16), tally: newTally(cfg),
	}
	for i := range cfg.Servers {
		srv, err := messages.ParseServer(fmt.Sprintf("10.0.0.%d:4647", i+1))
		if err != nil {
			panic(err) // an address of this file
		}
		up := i < cfg.Begin
		f.servers = append(f.servers, server{Server: srv, up: up, named: up, rtt: cfg.RTT, bins: newBins(cfg)})
		f.number[srv.Addr] = int16(i)
		if up {
			f.known = append(f.known, srv)
		}
	}
	f.agents = make([]agent, cfg.Agents)
	for i := range f.agents {
		a := &f.agents[i]
		a.id, a.front = int32(i), -1
		a.pcg = *rand.NewPCG(cfg.Seed, uint64(i)*2+1)
		a.rng = *rand.New(&a.pcg)
		a.links = make([]link, cfg.Servers)
		f.queue.push(event{at: a.upTo(cfg.Start), agent: a.id, kind: evStart})
	}
	for i, fault := range cfg.Faults {
		f.queue.push(event{at: cfg.Warm + fault.At, agent: world, kind: evFault, arg: uint32(i)})
	}
	f.queue.push(event{at: cfg.Warm, agent: world, kind: evSample})
	f.furnish()
	f.elect(0)
	return f
}

// Run runs to the end.
func (f *Fleet) Run() {
	for f.Advance(f.cfg.For) {
	}
}

// one does the next event.
func (f *Fleet) one(e event) {
	f.now = e.at
	f.events++
	switch {
	case e.kind == evFault:
		f.cfg.Faults[e.arg].Do(f)
	case e.kind == evSample:
		f.sample()
		f.in(time.Second, event{agent: world, kind: evSample})
	case e.agent == world:
		f.happens(e)
	case f.cfg.Policy == Stock:
		f.stockEvent(&f.agents[e.agent], e)
	default:
		f.event(&f.agents[e.agent], e)
	}
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
		f.blockEnded(a, e)
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
	case evCorroborate:
		f.corroborate(a, e)
	case evDiscovered:
		f.discovered(a, e.arg)
	}
}

// start begins an agent.
func (f *Fleet) start(a *agent) {
	cfg := roster.Config{
		Servers: f.known, Policy: f.cfg.Policy.roster(), Rebalance: f.cfg.Rebalance, RPCMajorVersion: 1, NoDiscovery: !f.cfg.Discovery,
	}
	if f.cfg.Policy == Rendezvous {
		r := rand.New(rand.NewPCG(f.cfg.Seed, uint64(a.id)+7))
		cfg.NodeID = fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64())
	}
	if f.cfg.Policy == Seated {
		cfg.FleetIndex = uint64(a.id) + 1
	}
	a.core = roster.New(cfg, &a.rng)
	a.dials = poolhooks.NewDialPolicy(a.rng.Float64)
	a.place = a.rng.Float64()
	a.core.Start(f.clock())
	f.apply(a)
	f.begin(a, watch)
	f.in(a.upTo(10*time.Second), event{agent: a.id, kind: evBeat, gen: a.beat})
}
