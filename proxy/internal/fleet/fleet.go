package fleet

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// kind is what an event is about.
type kind uint8

const (
	evStart      kind = iota // an agent starts
	evFault                  // the world changes: arg is which fault
	evSample                 // the state of the fleet is taken
	evRoster                 // a deadline of the roster
	evBeat                   // the next heartbeat is due
	evDialed                 // a dial has ended: arg is how
	evLate                   // a dial was not answered in time; it goes on
	evAnswered               // a heartbeat is answered
	evNoLeader               // a heartbeat is refused for want of a leader
	evSlice                  // an attempt's slice of the time is over
	evSuspect                // a call is overdue, or nothing came in for too long
	evUnanswered             // the ping that followed was not answered
	evHeld                   // a blocking query's time is over
	evPause                  // a call's pause is over
	evBroke                  // a session broke
	evMoved                  // the blocking query's server is no longer in front
	evPinged                 // a probe's or a witness's ping is answered
	evWitness                // the next witness is asked
	evDiscovered             // a discovery run ends
	evLoop                   // the agent makes a call again that was given up
	evRound                  // stock: a round of pings begins
	evPing                   // stock: one of them has ended: arg is how
	evAlive                  // stock: yamux's keepalive: arg is whether a ping is out
)

// Fleet is one run.
type Fleet struct {
	cfg     Config
	queue   queue
	now     time.Duration // since the beginning of the warm-up
	base    time.Time
	rng     *rand.Rand
	agents  []agent
	servers []server
	number  map[string]int16  // of a server, by address
	known   []messages.Server // the servers that agents are configured with

	leader int           // -1: none
	leads  time.Duration // from then on
	grace  time.Duration // until then no heartbeat is missed: a new leader gives all of them time

	infos []messages.ServerInfo // of one heartbeat's answer, reused
	tally
}

// New prepares a run.
func New(cfg Config) *Fleet {
	cfg = cfg.withDefaults()
	f := &Fleet{
		cfg: cfg, base: time.Unix(1_800_000_000, 0), rng: rand.New(rand.NewPCG(cfg.Seed, 99)),
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
	f.elect(0)
	return f
}

// Run runs to the end.
func (f *Fleet) Run() {
	end := f.cfg.Warm + f.cfg.For
	for len(f.queue.heap) > 0 && f.queue.heap[0].at < end {
		e := f.queue.pop()
		f.now = e.at
		f.events++
		switch {
		case e.kind == evFault:
			f.cfg.Faults[e.arg].Do(f)
		case e.kind == evSample:
			f.sample()
			f.in(time.Second, event{agent: world, kind: evSample})
		case f.cfg.Stock:
			f.stockEvent(&f.agents[e.agent], e)
		default:
			f.event(&f.agents[e.agent], e)
		}
	}
	f.now = end
}

// in has e happen after a while.
func (f *Fleet) in(d time.Duration, e event) {
	e.at = f.now + d
	f.queue.push(e)
}

// clock is the time as the cores are told it.
func (f *Fleet) clock() time.Time { return f.base.Add(f.now) }

// since is a time of the cores on the clock of the run.
func (f *Fleet) since(t time.Time) time.Duration { return t.Sub(f.base) }
