package heartbeat

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Reply is a good reply to a registration or a heartbeat. Its slices belong to the
// callback.
type Reply struct {
	Server        messages.Server // which answered
	Servers       []messages.ServerInfo
	LeaderRPCAddr string // empty: the cluster has no leader
	NumNodes      int

	// TTL is the time granted; zero: the cluster waits for no heartbeat, because the node
	// reports Down, or because it believes the node lost until a heartbeat reports it
	// Ready, which is sent at once.
	TTL time.Duration

	// SchedulingEligibility is "eligible" or "ineligible"; empty: the server did not know
	// it.
	SchedulingEligibility string

	// Index is above zero if the cluster's state of the node changed: its status or its
	// identity. A heartbeat that changed nothing has zero.
	Index   uint64
	EvalIDs []string // evaluations that the change led to

	IdentityRenewed bool // AuthToken has changed

	// Took is how long the call took, all its attempts together. Margin is how much of the
	// former TTL was left when the reply came, Late how long before it had ended: one of
	// them is zero, without a former TTL both are.
	Took, Margin, Late time.Duration
}

// Missed is a heartbeat that was not answered within its TTL.
type Missed struct {
	TTL      time.Duration // that ended
	Deadline time.Time     // the end of the TTL
	Late     time.Duration // since Deadline
	Margin   time.Duration // from the beginning of the last heartbeat until Deadline; zero: none was sent in time
	Tries    int           // calls in a row that failed, registrations not counted
	Err      error         // of the last one; nil: it is still under way, or none was sent
}

// nodeReply has the fields of either call's reply that are read, under their names on the
// wire.
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

// event converts it to a Reply.
func (r *nodeReply) event() Reply {
	return Reply{
		Servers: r.Servers, LeaderRPCAddr: r.LeaderRPCAddr, NumNodes: r.NumNodes, TTL: r.HeartbeatTTL,
		SchedulingEligibility: r.SchedulingEligibility, Index: r.Index, EvalIDs: r.EvalIDs,
	}
}
