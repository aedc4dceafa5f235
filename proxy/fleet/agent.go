package fleet

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/halfhung"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// agent is one agent: the cores of its list and its pool, and the state that their shells
// hold. There may be a million: what is rare is made when it is needed. What each blocking
// query needs comes first.
type agent struct {
	pcg       rand.PCG
	view      *messages.View
	sessions  []session
	query     call          // the blocking query
	watchEnds time.Duration // when the server that holds it answers it
	outSince  time.Duration // when it lost its server; 0: it has not
	id        int32
	gens      uint32 // the last number of a wait
	moves     uint32 // how often another server was in front
	front     int16  // the server in front; -1: none
	last      int16  // the last one there was; -1: none
	sure      int16  // the server that is known to be well by the view; -1: none was looked up
	fresh     bool   // it has started, and no server has held its blocking query yet
	hung      *halfhung.Log
	tokens    attempt.TokensLeft

	list     *roster.Roster
	pool     *poolcore.Core
	armed    time.Duration // when the cores are to be called; older events are ignored; -1: they are not
	dials    []reach       // under way
	pings    []ping
	beats    *call            // the heartbeat; noCall: there is none
	set      attempt.Settings // of the pool
	usual    []time.Duration  // how long a heartbeat takes, by server; nil: not long
	pace     time.Duration    // of the last heartbeat
	place    float64          // among the agents that fall silent together, as the proxy has one
	raced    racing           // the last race for a session
	met      time.Duration    // when a heartbeat met a silent server in front; 0: none has
	due      time.Duration    // the next heartbeat
	lastBeat time.Duration    // the last one; 0: none yet
	ttl      time.Duration
	beat     uint32 // number of the next one

	rounds    uint32
	lastRound time.Duration
	stock     *stock
}

// The calls of an agent: it has one of each.
const (
	beat  = iota // the heartbeat, with a soft deadline
	watch        // the blocking query
	calls
)

// noCall is the heartbeat of an agent that has none under way. It stays as it is.
var noCall call

// call is one of a's calls.
func (a *agent) call(i int) *call {
	if i == watch {
		return &a.query
	}
	return a.beats
}

// methods are those of the calls.
var methods = [...]string{beat: "Node.UpdateStatus", watch: "Node.GetClientAllocs"}

// call is one call on its way over the servers.
type call struct {
	wait
	on     bool
	pauses bool
	moves  uint32        // agent.moves when its server was chosen
	epoch  uint64        // of the view from which it was
	race   *race         // for a first session; nil: there is none
	until  time.Duration // stock: no retry at once after it
	attempt.Call
}

// random is a's chance.
func (a *agent) random() *rand.Rand { return rand.New(&a.pcg) }

// upTo is a time in [0, d).
func (a *agent) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(a.random().Int64N(int64(d)))
}

// number is a new one for a wait.
func (a *agent) number() uint32 {
	a.gens++
	return a.gens
}

// holds reports whether a server holds the blocking query.
func (a *agent) holds(n int16) bool {
	c := &a.query
	return c.on && c.state == sent && c.server == n
}

// current is the call that an event belongs to; nil: it is over, or elsewhere by now.
func (a *agent) current(e event) *call {
	if c := a.call(int(e.call)); c.on && c.gen == e.gen {
		return c
	}
	return nil
}

// Spend takes a retry token, if there is one left.
func (a *agent) Spend() (enough bool) {
	a.tokens, enough = a.tokens.Spent()
	return enough
}

// stock is what an agent of Nomad 2.0.6 has besides its calls.
type stock struct {
	links   []link  // by server
	order   []int16 // the servers, the first is in front
	pings   []int16 // the order of the round under way
	pinging bool
	failed  int     // pings of the round
	round   uint32  // number of the ping
	watched int16   // the server that holds the blocking query
	nodes   int     // as heartbeats tell
	loops   [2]bool // the calls that wait for their loop
}

// link is such an agent's way to one server.
type link struct {
	up      bool
	dialing bool
	since   time.Duration // when the session was made
	ends    time.Duration // when it does, unless something is on it
}
