package fleet

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// agent is one agent: the roster's core and the state that its shells hold.
type agent struct {
	id    int32
	rng   rand.Rand
	pcg   rand.PCG
	core  *roster.Roster
	view  *messages.View
	armed time.Duration // when the roster wants to be called; older events are ignored
	front int16         // the server in front; -1: none
	links []link        // by server
	calls [2]call
	asked []asked

	place  float64 // among the agents that fall silent together, as the proxy has one
	tokens tokens
	dials  poolhooks.DialPolicy
	number uint32 // of the last dial

	watchEnds time.Duration // when the server that holds the blocking query answers it
	outSince  time.Duration // when the blocking query lost its server; 0: it has not
	met       time.Duration // when a heartbeat met a silent server in front; 0: none has
	beat      uint32        // number of the next heartbeat
	due       time.Duration // that one
	lastBeat  time.Duration // the last heartbeat; 0: none yet
	ttl       time.Duration

	rounds    int
	lastRound time.Duration
	stock     *stock
}

// asked is a ping on its way, of a round or for a suspicion.
type asked struct {
	server  int16
	round   uint64
	suspect int16 // of the corroborator; -1: it is a round's probe
	epoch   uint64
}

// The calls of an agent: it has one of each.
const (
	beat  = iota // the heartbeat, with a soft deadline
	watch        // the blocking query
)

// call is one call on its way over the servers.
type call struct {
	on     bool
	dials  bool // it waits for a dial
	sent   bool // it waits for an answer
	pauses bool
	server int16
	gen    uint32        // what it waits for; events of something former are stale
	until  time.Duration // stock: no retry at once after it
	attempt.Call
}

// link is an agent's way to one server.
type link struct {
	up        bool
	dial      uint32        // number of the dial that callers wait for; 0: there is none
	late      uint32        // number of one that they wait for no longer; 0: there is none
	suspected bool          // nothing came in on the session, and a call waits
	backed    bool          // meanwhile another server has answered
	number    uint32        // of the session
	since     time.Duration // when it was made
	heard     time.Duration // when the last answer came in, apart from servers' pings
	ends      time.Duration // when the session does, unless something is on it; 0: it is kept
}

// stock is what an agent of Nomad 2.0.6 has besides its sessions and calls.
type stock struct {
	order   []int16 // the servers, the first is in front
	pings   []int16 // the order of the round under way
	pinging bool
	failed  int     // pings of the round
	round   uint32  // number of the ping
	watched int16   // the server that holds the blocking query
	nodes   int     // as heartbeats tell
	loops   [2]bool // the calls that wait for their loop
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

// holds reports whether a server holds the blocking query.
func (a *agent) holds(n int16) bool {
	c := &a.calls[watch]
	return c.on && c.sent && c.server == n
}

// current is the call that an event belongs to; nil: it is over, or elsewhere by now.
func (a *agent) current(e event) *call {
	if c := &a.calls[e.call]; c.on && c.gen == e.gen {
		return c
	}
	return nil
}

// forget drops the pings that are no longer waited for.
func (a *agent) forget(which func(asked) bool) { a.asked = slices.DeleteFunc(a.asked, which) }

// tokens are what an agent may spend on sending calls again.
type tokens struct{ spent int }

const retryTokens = 1000

// Spend takes one, if there is one left.
func (t *tokens) Spend() bool {
	if t.spent >= retryTokens {
		return false
	}
	t.spent++
	return true
}
