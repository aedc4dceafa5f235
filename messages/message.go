package messages

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// Message is a message to the owner of the server list. The set is sealed: only
// the types of this package belong to it.
//
// A message with a Reply that has reached the owner's mailbox is answered exactly
// once: with the outcome or, if the owner ends first, with the owner's error
// (actor.ErrStopped, or the fault that ended it) where the answer is or has an error,
// else with false.
//
//sumtype:decl
type Message interface{ message() }

// ServerInfo is one server as a heartbeat reply names it. The field names are
// those on the wire.
type ServerInfo struct {
	RPCAdvertiseAddr string // host:port, as advertised; not yet validated
	Datacenter       string
	RPCMajorVersion  int
	RPCMinorVersion  int
}

// HeartbeatUpdate is the reply to a heartbeat.
//
// NumNodes, LeaderRPCAddr and TTL are always taken. The servers become the
// primaries; those that are newer than the proxy's own RPC version, or whose
// address is bad, are left out with a warning. If nothing valid remains the
// update is refused (an *UpdateError) and the old list stays.
type HeartbeatUpdate struct {
	Servers       []ServerInfo
	NumNodes      int           // size of the cluster; negative counts as zero
	LeaderRPCAddr string        // empty: the cluster has no leader
	TTL           time.Duration // how long the heartbeat holds; zero: unknown
	From          Server        // the server that answered the heartbeat; zero: the active server
	Tenant        bool          // it is of another agent, whose calls a Tenant carries
	Due           time.Time     // when the TTL before ended or will end; zero: not known, or as the last update's TTL says
	Reply         actor.Reply[error]
}

// FailureNotice reports that Server could not carry a call.
//
// Epoch is that of the View the server was picked from; zero means the current
// one. A notice older than the server's last change is stale and does nothing,
// so callers that fail together cause one rotation. The reply is sent after the
// rotated View is published.
type FailureNotice struct {
	Server   Server
	Epoch    uint64
	Err      error             // the cause, for health and logs; may be nil
	NoQuorum bool              // the server answered, but cannot serve the agent: it knows no ready leader, or is of another region
	Partial  bool              // the server answers probes and leaves calls unanswered: rounds keep it behind the others for a while
	Reply    actor.Reply[bool] // reports whether the notice changed anything
}

// Recovered reports that a server which had failed, or was not tried yet, has answered.
// Epoch is that of the View that showed it so; a later failure makes it stale.
// The Proxy sends it to itself: it is not promised.
type Recovered struct {
	Server Server
	Epoch  uint64
}

// Reconnected reports that a new connection to a server, which knew no leader, has taken
// the place of the one before, and that the server behind it knows a leader.
// The Proxy sends it to itself: it is not promised.
type Reconnected struct{ Server Server }

// Suspected reports that a server is silent while calls wait for it.
// The Proxy sends it to itself: it is not promised.
type Suspected struct{ Addr string }

// RebalanceTick asks for a rebalance round now. During a round no other
// one begins; the Reply gets the result of the round that runs.
type RebalanceTick struct {
	Reply actor.Reply[RebalanceResult]
}

// RebalanceResult is how a rebalance round ended.
type RebalanceResult struct {
	Adopted bool          // a server answered and the new order is in use
	Frozen  bool          // a server answered but was removed meanwhile: the old order stays
	Active  Server        // the active server afterwards; zero if there is none
	Probed  int           // servers probed
	Took    time.Duration // from the first probe to the decision
	Err     error         // the owner ended before the round did, and this is its error; nil: the round ended
}

// SetServers replaces the primaries by Addrs, all or nothing: one bad address
// refuses the message with an *AddrsError that names each of them, none at all with
// ErrNoAddrs. Duplicates count once.
//
// Until the next heartbeat that names servers the primaries are these: those that
// are known keep their health, backups among them become primaries, and primaries
// that are not among them leave, or become backups if they are in the backup set.
// From then on they also stand in place of the configured servers: they are tried
// again when no server is left that answers.
type SetServers struct {
	Addrs []string
	Reply actor.Reply[error]
}

// SetBackups replaces the backup set by Addrs, all or nothing: one bad address
// refuses the message with an *AddrsError that names each of them. No address
// empties it.
type SetBackups struct {
	Addrs []string
	Reply actor.Reply[error]
}

// AddBackup adds Addrs to the backup set, all or nothing: one bad address refuses
// the message with an *AddrsError that names each of them. Adding one twice is fine.
type AddBackup struct {
	Addrs []string
	Reply actor.Reply[error]
}

// AddPrimary adds one server at the end of the primaries, until the next
// heartbeat. It is also tried again, as the configured servers are, when no server
// is left that answers, unless it is removed by hand; of those added to the
// configured ones the last 64 are. Adding it twice is fine.
type AddPrimary struct {
	Addr  string
	Reply actor.Reply[AddResult]
}

// AddResult answers AddPrimary: the server, or an *AddrError, or the error of an owner
// that ended first.
type AddResult struct {
	Server Server
	Err    error
}

// RemoveServer takes a server out of primaries, backups and ranking. The reply
// reports whether it was there.
type RemoveServer struct {
	Server Server
	Reply  actor.Reply[bool]
}

// ProbeDone is the result of one health probe of a rebalance round. A result of
// an earlier round is stale and ignored.
// The Proxy sends it to itself: it is not promised.
type ProbeDone struct {
	Round  uint64
	Server Server
	RTT    time.Duration
	Err    error // nil: the server answered
}

// DiscoveryDone is the result of one discovery run. A result of an earlier run
// is stale and ignored.
// The Proxy sends it to itself: it is not promised.
type DiscoveryDone struct {
	Run   uint64
	Found []Found
	Err   error // of the sources that found nothing; what others found counts all the same
}

func (HeartbeatUpdate) message() {}
func (FailureNotice) message()   {}
func (Recovered) message()       {}
func (Reconnected) message()     {}
func (Suspected) message()       {}
func (RebalanceTick) message()   {}
func (SetServers) message()      {}
func (SetBackups) message()      {}
func (AddBackup) message()       {}
func (AddPrimary) message()      {}
func (RemoveServer) message()    {}
func (ProbeDone) message()       {}
func (DiscoveryDone) message()   {}
