package heartbeat

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Reply is a good reply to a registration or a heartbeat. Its slices belong to
// whoever receives it.
type Reply struct {
	Server        messages.Server // who answered
	Servers       []messages.ServerInfo
	LeaderRPCAddr string // empty: the cluster has no leader
	NumNodes      int

	// TTL is what was granted; zero: the cluster waits for no heartbeat, because the
	// node reports Down, or because it holds the node for lost and wants to be told
	// that it is Ready, which happens at once.
	TTL time.Duration

	// SchedulingEligibility is "eligible" or "ineligible"; empty: the server could
	// not tell.
	SchedulingEligibility string

	// Index is above zero if the cluster's picture of the node changed: its status
	// or its identity. A heartbeat that changed nothing has zero.
	Index   uint64
	EvalIDs []string // evaluations that the change led to

	IdentityRenewed bool // AuthToken has changed

	// Took is how long the call took, all its attempts together. Margin is how much
	// of the former TTL was left when the reply came, Late how long that was over:
	// one of them is zero, both are without a former TTL.
	Took, Margin, Late time.Duration
}

// Missed is a heartbeat that did not land in its TTL.
type Missed struct {
	TTL    time.Duration // that ended
	LandBy time.Time     // when it ended
	Late   time.Duration // since then
	Margin time.Duration // from the beginning of the last heartbeat until LandBy; zero: none was sent in time
	Tries  int           // calls in a row that failed, registrations not counted
	Err    error         // of the last one; nil: it is still under way, or none was sent
}

// nodeReply is what is read of the reply to either call. The field names are those
// on the wire.
type nodeReply struct {
	Servers               []messages.ServerInfo
	NumNodes              int
	LeaderRPCAddr         string
	HeartbeatTTL          time.Duration
	Index                 uint64
	SchedulingEligibility string
	SignedIdentity        *string
	EvalIDs               []string
}

// event makes a Reply of it.
func (r *nodeReply) event() Reply {
	return Reply{
		Servers: r.Servers, LeaderRPCAddr: r.LeaderRPCAddr, NumNodes: r.NumNodes, TTL: r.HeartbeatTTL,
		SchedulingEligibility: r.SchedulingEligibility, Index: r.Index, EvalIDs: r.EvalIDs,
	}
}
