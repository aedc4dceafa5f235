package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// virtual is when every simulation begins.
var virtual = time.Unix(1_800_000_000, 0) //nolint:forbidigo // a virtual clock has one reading

// New prepares a run.
func New(cfg Config) *Fleet {
	f, _ := prepare(context.Background(), cfg) // whose end there is none of
	return f
}

// prepare prepares a run. A million agents take half a second, so it looks now and then whether
// ctx has ended: that is the only error.
func prepare(ctx context.Context, cfg Config) (*Fleet, error) {
	cfg = cfg.withDefaults()
	f := &Fleet{
		cfg: cfg, base: virtual,
		number: make(map[string]int16), tally: newTally(),
	}
	f.chance = rand.New(cfg.spoil.source(chance{&f.stage}))
	f.draw = f.chance.Int64N
	f.end = cfg.Warm + cfg.For
	for i := range cfg.Servers {
		srv, err := messages.ParseServer(fmt.Sprintf("10.0.0.%d:4647", i+1))
		if err != nil {
			panic(err) // an address of this file
		}
		up := i < cfg.Begin
		f.servers = append(f.servers, server{Server: srv})
		f.number[srv.Addr] = int16(i)
		if up {
			f.known = append(f.known, srv)
		}
	}
	f.makeReplies()
	f.pools = poolConfig()
	f.agents = make([]agent, cfg.Agents)
	for i := range f.agents {
		if i%lookEach == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		a := &f.agents[i]
		a.id, a.front, a.last, a.sure, a.armed = int32(i), -1, -1, -1, -1
		a.tokens, a.beats = attempt.TokensAtStart, &noCall
		a.pcg = *rand.NewPCG(cfg.Seed, uint64(i)*2+1)
		f.queue.push(event{at: a.upTo(cfg.Start), agent: a.id, kind: evStart})
	}
	for i, fault := range cfg.Faults {
		f.queue.push(event{at: cfg.Warm + fault.At, agent: world, kind: evFault, arg: uint32(i)})
	}
	f.queue.push(event{at: cfg.Warm, agent: world, kind: evSample})
	f.furnish()
	f.lists = roster.Share(roster.Config{
		NoLog:   true,
		Servers: f.known, Policy: cfg.Policy.roster(), Rebalance: cfg.Rebalance, RPCMajorVersion: 1, NoDiscovery: !cfg.Discovery,
	})
	return f, nil
}

// lookEach is after how many agents it is looked whether to go on: about a millisecond.
const lookEach = 2000

// Run runs to the end.
func (f *Fleet) Run() { f.advanceTo(f.end) }

// Advance runs d further, and reports whether that was not the end.
func (f *Fleet) Advance(d time.Duration) bool {
	f.advanceTo(min(f.now+max(d, 0), f.end))
	return f.now < f.end
}

// Now is the time since the run began; negative in the warm-up.
func (f *Fleet) Now() time.Duration { return f.now - f.cfg.Warm }

// Out is how many agents that have started have no server now that holds their blocking query.
func (f *Fleet) Out() int { return f.outs }

func (f *Fleet) advanceTo(end time.Duration) {
	for f.queue.ready(end) {
		e := f.queue.pop()
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
			a := &f.agents[e.agent]
			f.current = a
			f.event(a, e)
			f.settle(a)
		}
	}
	f.now = end
}

// event does what happens to one of our agents.
func (f *Fleet) event(a *agent, e event) {
	switch e.kind {
	case evStart:
		f.looking(a)
		f.start(a)
	case evDue:
		f.expire(a, e.at)
	case evBeat:
		if e.gen == a.beat && !(f.cfg.NoBeats && f.running()) {
			a.due = f.now
			f.begin(a, beat)
		}
	case evDialed:
		f.dialed(a, e)
	case evLate:
		f.late(a, e)
	case evProved:
		f.proved(a, e)
	case evAnswered:
		f.answered(a, e)
	case evTaken:
		f.taken(a, e.gen)
	case evLook:
		f.look(a, e.gen)
	case evPong:
		f.pong(a, e.gen)
	case evVoice:
		f.speak(a, e.gen)
	case evChanged:
		f.changed(a, e.server)
	case evPause, evLoop:
		f.resume(a, e)
	case evRace:
		if c := a.current(e); c != nil && c.race != nil {
			f.raceOn(a, int(e.call))
		}
	case evBroke:
		f.broke(a, e.server)
	case evDiscovered:
		f.discovered(a, e)
	}
}

// start begins an agent.
func (f *Fleet) start(a *agent) {
	var nodeID string
	var fleetIndex uint64
	if f.cfg.Policy == Rendezvous {
		r := rand.New(rand.NewPCG(f.cfg.Seed, uint64(a.id)+7))
		nodeID = fmt.Sprintf("%016x-%016x", r.Uint64(), r.Uint64())
	}
	if f.cfg.Policy == Seated {
		fleetIndex = uint64(a.id) + 1
	}
	a.list = f.lists.New(nodeID, fleetIndex, f.chance)
	a.pool = poolcore.New(f.pools, poolEnv{f})
	a.place = f.chance.Float64()
	a.list.Start(f.clock())
	f.takeList(a)
	f.settle(a) // calls need the first view
	f.begin(a, watch)
	f.in(a.upTo(10*time.Second), event{agent: a.id, kind: evBeat, gen: a.beat})
}
