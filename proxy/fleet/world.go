package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/cluster"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// Fleet is one run.
type Fleet struct {
	cfg     Config
	queue   queue
	now     time.Duration // since the beginning of the warm-up
	base    time.Time
	agents  []agent
	servers []server
	number  map[string]int16  // of a server, by address
	known   []messages.Server // the servers that agents are configured with

	cluster *cluster.Cluster
	kept    []event // the ends of the dials that the cluster keeps, by its numbers

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

// server is one server as agents know it.
type server struct {
	messages.Server
	active int // agents that have its address in front
	bins
}

// How a dial ends.
const (
	refused  = cluster.Refused  // at once
	made     = cluster.Made     // with a session
	timedOut = cluster.TimedOut // with the dial limit
)

// What an agent asks a server for.
const (
	askBeat   = cluster.Beat
	askWatch  = cluster.Watch
	askStatus = cluster.Status
	askSign   = cluster.Sign
)

// clock is the time that the cores get.
func (f *Fleet) clock() time.Time { return f.base.Add(f.now) }

// running reports whether the warm-up is over.
func (f *Fleet) running() bool { return f.now >= f.cfg.Warm }

// bins are the counts of one server over time.
type bins struct {
	dials      *count.Counter // that reached it, whatever became of them
	failed     *count.Counter // that ended without a session
	refused    *count.Counter // the same at once
	handshakes *count.Counter // sessions made
	beats      *count.Counter
}

// tally is the counts of the whole fleet.
type tally struct {
	events      uint64
	missed      int
	roundBins   *count.Counter
	moves       *count.Counter
	discoveries *count.Counter
	lookups     *count.Counter // DNS queries
	calls       *count.Counter
	attempts    *count.Counter // sendings of calls
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
