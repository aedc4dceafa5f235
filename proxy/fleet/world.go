package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
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
	terms  []term

	balancer balancer
	limits   limits
	syns     syns
	dns      resolver
	consul   resolver

	end  time.Duration // of the run
	outs int           // agents that are out

	lists   *roster.Shared       // of all agents
	pools   *poolcore.Config     // of all agents
	replies []actor.Reply[error] // what pools know waiters by, see reply
	waiters map[actor.Reply[error]]int
	chance  *rand.Rand // of the agent whose event it is
	draw    func(n int64) int64
	stage

	infos []messages.ServerInfo // of one heartbeat's answer, reused
	tally
}

// server is one server as agents meet it.
type server struct {
	messages.Server
	up         bool
	frozen     bool // connections stay, nothing is answered
	hung       bool // handlers answer nothing; handshakes and pings are answered
	named      bool // heartbeats name it
	voter      bool // it is one of those of which a majority is needed
	leaderless bool
	cut        cut
	slow       time.Duration // that its answers take longer
	rtt        time.Duration
	free       time.Duration // when it has worked off the handshakes that have come in
	parked     []place       // the dials that its kernel has accepted while it is frozen
	busy       time.Duration // when it has worked off the requests that have come in
	gone       time.Duration // when it died or fell silent

	active int // agents that have it in front
	bins
}

// How a dial ends.
const (
	refused  uint32 = iota // at once
	made                   // with a session
	timedOut               // with the dial limit
	resent                 // not yet: its SYN is sent again later
)

// clock is the time that the cores get.
func (f *Fleet) clock() time.Time { return f.base.Add(f.now) }

// running reports whether the warm-up is over.
func (f *Fleet) running() bool { return f.now >= f.cfg.Warm }

// limits counts the sessions of servers, if they are limited. Agents end sessions
// without telling: where a limit seems to be reached they are counted again, at most
// once a second.
type limits struct {
	open      []int    // by server
	from      []uint32 // by client address and server
	counted   []time.Duration
	handshake []opening
}

// opening is a session that its agent does not have yet.
type opening struct {
	agent int32
	to    int16
	until time.Duration
}

// syns holds the dials whose SYN is sent later, and those that wait in a frozen server.
type syns struct {
	all    []attempted
	free   []uint32  // places in all
	begun  attempted // the dial that connect began last
	serial uint32    // of the last one that came into all
}

// place is one in syns, as long as the dial has the serial.
type place struct{ at, serial uint32 }

// attempted is a dial whose SYN is on its way or is sent later.
type attempted struct {
	of    event         // the end of the dial, as its agent gets it
	began time.Duration // the dial
	limit time.Duration // of the dial
	first time.Duration // when the first SYN was sent
	at    time.Duration // when the next one is
	sent  int
	to    int16 // the server that the first SYN was sent to

	serial  uint32 // of the place in syns; events for another one are stale
	parked  bool   // its server is frozen, and its connection is in the kernel's hands
	counted bool   // among its server's dials
}

// balancer is what stands in front of the servers, if agents know one address only. It
// passes on bytes: it knows whether a server takes connections, not whether it answers.
type balancer struct {
	to   []int16 // by agent: the server that its session leads to; -1: none
	each []int   // by server: the agents that it leads to it
	turn int16   // the server that is next
}

// resolver is a service that agents ask: DNS or Consul.
type resolver struct {
	time  time.Duration // that an answer takes
	rate  int           // answers a second, one after the other; 0: any number
	free  time.Duration // when it has worked off what it was asked
	down  bool
	asked *counter
}

// term is the time of one leader.
type term struct {
	from time.Duration
	lost time.Duration // never: it leads still
}

const never = time.Duration(1<<63 - 1)

// cut is the agents that do not reach a server.
type cut struct {
	percent int
	first   int  // of the percentiles that are cut
	shared  bool // percentiles are those of the agents; else chance chooses for each server
}

// bins are the counts of one server over time.
type bins struct {
	dials      *counter // that reached it, whatever became of them
	failed     *counter // that ended without a session
	refused    *counter // the same at once
	handshakes *counter // sessions made
	beats      *counter
}

// tally is the counts of the whole fleet.
type tally struct {
	events      uint64
	missed      int
	roundBins   *counter
	moves       *counter
	discoveries *counter
	lookups     *counter // DNS queries
	calls       *counter
	attempts    *counter // sendings of calls
	outages     []outage
	left        []time.Duration
	gaps        []time.Duration // between an agent's rounds
	firsts      []time.Duration // from the beginning of the run to an agent's first round in it
	samples     []sample
}

// outage is the time in which an agent's blocking query was on no server.
type outage struct{ from, took time.Duration }

// sample is the state of the fleet at one time.
type sample struct {
	at     time.Duration // since the beginning of the run
	active []int         // agents with that server in front
	up     int
}

// stage is whose event it is, and what comes of it.
type stage struct {
	current *agent
	stepped bool // one of its cores has taken something
	todo    []todo
	spare   []*call     // used before
	envs    attempt.Env // one that is used again
}

// chance is that of the agent whose event it is: the cores of all agents share one.
type chance struct{ *stage }

// Uint64 is for a rand.Rand.
func (c chance) Uint64() uint64 { return c.current.pcg.Uint64() }
