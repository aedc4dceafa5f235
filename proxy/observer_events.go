package proxy

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// CallOutcome is how a call ended, or an attempt of it.
type CallOutcome string

// The outcomes. A call that fails has the pool.Outcome of its *CallError.
const (
	Answered      CallOutcome = "answered"       // without an error
	Rejected      CallOutcome = "rejected"       // a server refused it before anything happened
	NotSent       CallOutcome = "not_sent"       // no server has seen it
	MaybeExecuted CallOutcome = "maybe_executed" // a server may have acted on it
)

// CallEnd is how a call ended.
type CallEnd struct {
	CallInfo
	Duration time.Duration // from the beginning, pauses included
	Attempts int           // how often it was given to a server; 0: to none
	// Server has answered, or failed last; zero: none was chosen.
	Server  messages.Server
	Outcome CallOutcome
	Err     error // a *CallError, or nil
}

// AttemptEnd is how one attempt of a call ended.
type AttemptEnd struct {
	CallInfo
	Number   int             // of the attempt, from 1
	Server   messages.Server // to which it was sent
	Pause    time.Duration   // for which the call waited before it, since it began or since the attempt before
	Duration time.Duration   // a dial included
	Phase    pool.Phase      // how far it came; of one that was answered pool.PhaseDecode, of a Stream too
	Outcome  CallOutcome
	Err      error // has pool.ErrMoved in it where the call was to be made elsewhere, which is no failure
}

// MoveReason is why another server became the active one.
type MoveReason string

// The reasons. Those before MoveRecovered are failovers: the server before is of no use.
const (
	MoveSilent      MoveReason = "silent"          // it was silent while calls waited (pool.ErrSilent)
	MoveNotServing  MoveReason = "not_serving"     // its connection lives, and it leaves calls unanswered
	MoveLeaving     MoveReason = "leaving"         // it has announced that it stops
	MoveUnreachable MoveReason = "unreachable"     // no session to it came up (*pool.DialError)
	MoveBroken      MoveReason = "connection_lost" // the connection broke
	MoveNoLeader    MoveReason = "no_leader"       // it answers and cannot serve the agent
	MoveFailed      MoveReason = "failed"          // it failed in another way

	MoveRecovered MoveReason = "recovered" // a better server answers again
	MoveHeartbeat MoveReason = "heartbeat" // of the servers that a heartbeat names
	MoveRebalance MoveReason = "rebalance" // a round ended
	MoveDiscovery MoveReason = "discovery" // of the servers that discovery found
	MoveManual    MoveReason = "manual"    // SetServers, SetBackups, AddPrimary, AddBackup, Remove
	MoveOther     MoveReason = "other"
)

// moveReasons are all, the failovers first.
var moveReasons = [...]MoveReason{
	MoveSilent, MoveNotServing, MoveLeaving, MoveUnreachable, MoveBroken, MoveNoLeader, MoveFailed,
	MoveRecovered, MoveHeartbeat, MoveRebalance, MoveDiscovery, MoveManual, MoveOther,
}

// failoverReasons is how many of moveReasons are failovers.
const failoverReasons = 7

// Failover reports whether the server before was left because it is of no use.
func (r MoveReason) Failover() bool {
	for _, f := range moveReasons[:failoverReasons] {
		if r == f {
			return true
		}
	}
	return false
}

// MoveEvent is that another server became the active one.
type MoveEvent struct {
	At       time.Time
	From, To messages.Server // zero: no server was, or is, known
	Reason   MoveReason
	Epoch    uint64 // of the View that has it

	// Trouble is how long ago the first sign of the trouble came that a failover ends, or
	// goes on with; 0 where it is no failover. Each further server that fails is in the same
	// trouble, until one works.
	Trouble time.Duration
	Err     error // of the server that was left, as text only; may be nil
}

// RoundResult is how a rebalance round ended.
type RoundResult string

// The results.
const (
	RoundAdopted    RoundResult = "adopted"    // a server answered, and the new order is in use
	RoundFrozen     RoundResult = "frozen"     // the server that answered had left the list
	RoundUnanswered RoundResult = "unanswered" // no server that was asked has answered
)

var roundResults = [...]RoundResult{RoundAdopted, RoundFrozen, RoundUnanswered}

// RoundEvent is that a rebalance round ended.
type RoundEvent struct {
	At       time.Time // of the end
	Number   uint64
	Result   RoundResult
	Probed   int             // servers that were asked
	Duration time.Duration   // since the first was
	Active   messages.Server // afterwards; zero: there is none
}

// DiscoveryEvent is that a run of the Discoverer ended.
type DiscoveryEvent struct {
	At       time.Time // of the end
	Run      uint64
	Duration time.Duration
	Found    []messages.Found // not validated; at most 1024
	Err      error            // of the sources that found nothing, as text only; may come with Found
}

// HeartbeatEvent is that a heartbeat was answered.
type HeartbeatEvent struct {
	At     time.Time
	Tenant bool            // of the agent of a Tenant
	Server messages.Server // that answered
	TTL    time.Duration   // that it granted; 0: none

	// Margin is what was left of the TTL before when the answer was told to the Proxy: negative
	// where that had ended. HasMargin is false where none is known, as at the first one.
	Margin    time.Duration
	HasMargin bool

	Servers  int    // that the answer names
	NumNodes int    // of the cluster
	Leader   string // as the server wrote it; empty: it named none
}

// SessionEvent is that a connection to a server is up, or has ended.
type SessionEvent struct {
	At     time.Time
	Server messages.Server
	ID     uint64 // unique among those of the Proxy, or of one Tenant
	TLS    bool
	Tenant bool

	Took   time.Duration // of SessionUp: the dial
	Lasted time.Duration // of SessionDown
	Err    error         // of SessionDown: why; such as pool.ErrIdle where it was of no more use
}
