package messages

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// Pool is a message to the owner of the connections. The set is sealed: only
// the types of this package belong to it. Sessions are named by a number that
// is unique within one pool; the live connection is not part of the vocabulary.
//
//sumtype:decl
type Pool interface{ poolMessage() }

// Connect asks for a session to Addr. Who asks while a dial is under way joins
// it. A session numbered Except is known to be of no use and is replaced. The
// reply is nil once a session is in the pool's published table, or the error of
// the dial.
type Connect struct {
	Addr   string
	Except uint64 // 0: none
	Probe  bool   // no call waits for it: those that do come first
	Spare  bool   // it is one of several that are asked for at once; the session may not be needed
	Reply  actor.Reply[error]
}

// Withdraw says that who asked for a session to Addr waits no more.
type Withdraw struct {
	Addr  string
	Reply actor.Reply[error] // of the Connect
}

// DialLate says that a dial has taken as long as its callers wait, and goes on.
type DialLate struct {
	Addr    string
	Session uint64
	Err     error // for those callers
}

// Proven says that a call on a session was answered, the first one on it.
type Proven struct {
	Addr    string
	Session uint64
}

// DialSpread tells in how much time each agent of a fleet dials once when it cannot reach
// any server, so that the servers can bear it; zero: the fleet is small.
type DialSpread struct{ Over time.Duration }

// ServersAdded tells that there is a server which was not known before. What held back
// all dials of an agent that cannot reach any of those it knew is forgotten.
type ServersAdded struct{}

// Dialed is the result of a dial.
type Dialed struct {
	Addr    string
	Session uint64
	Err     error // nil: the session is up
}

// Retain names the server whose session is kept however idle it is; empty:
// none. The session of the one named before, if another is named, was left: it
// ends once it has carried nothing for the time to drain.
type Retain struct{ Addr string }

// HeartbeatTTL tells for how long the last heartbeats hold, and so how late a
// server may learn that the agent is reached elsewhere; zero: unknown. A session
// that was left is kept for that time at least.
type HeartbeatTTL struct{ TTL time.Duration }

// Keepalive sets how long a session on which calls wait may be silent before it
// is pinged, although none of them is overdue; zero: for ever.
type Keepalive struct{ Interval time.Duration }

// Disconnected says that a session has ended.
type Disconnected struct {
	Addr    string
	Session uint64
	Err     error // why
}

// Leaving says that a server takes no new stream on a session. What runs on it
// may finish.
type Leaving struct {
	Addr    string
	Session uint64
}

// Drained says that the last call or stream on a session has ended which takes no
// new call.
type Drained struct {
	Addr    string
	Session uint64
}

// Overdue says that a call on a session waits for longer than it should, and
// that nothing at all has come in on it for the silence limit.
type Overdue struct {
	Addr    string
	Session uint64
}

// Unanswered says that a caller gave up on a call that was sent at Since.
type Unanswered struct {
	Addr    string
	Session uint64
	Since   time.Time
	Silent  bool      // nothing at all has come in on the session since then
	Late    time.Time // no call on the session was answered since then, and this one would be late now or then; zero: one was
}

// Late says that a call on a session waits for longer than its method usually takes,
// and that no call on the session was answered for the silence limit.
type Late struct {
	Addr    string
	Session uint64
}

// Unopened says that streams which were opened on a session wait to be acknowledged.
type Unopened struct {
	Addr    string
	Session uint64
}

// Served is the result of a Status.Ping on a session: nil if it was answered, be it by
// an error of the server's.
type Served struct {
	Addr    string
	Session uint64
	Err     error
}

// Pinged is the result of a session's ping: nil if anything came in since.
type Pinged struct {
	Addr    string
	Session uint64
	Err     error
}

// Corroborated says that another server answers while Addr is silent, or leaves calls
// unanswered: the trouble is Addr's own.
type Corroborated struct{ Addr string }

// Renew asks for a session to Addr that is to take the place of the one in use, if it
// is better. The reply is nil once it has, or why it did not.
type Renew struct {
	Addr  string
	Reply actor.Reply[error]
}

// Secure asks for other credentials, which come beside it. The reply is nil once
// they are in force or are on offer until a server takes them, or why a server did
// not take them.
type Secure struct{ Reply actor.Reply[error] }

// Secured is the result of trying credentials on a server. If Err is nil they are
// in force, and every session is to be replaced.
type Secured struct {
	Err       error
	Withdrawn bool               // they no longer trust what those before them did
	Reply     actor.Reply[error] // of Secure; zero if nobody asked
}

func (Connect) poolMessage()      {}
func (Dialed) poolMessage()       {}
func (DialLate) poolMessage()     {}
func (DialSpread) poolMessage()   {}
func (ServersAdded) poolMessage() {}
func (Proven) poolMessage()       {}
func (Withdraw) poolMessage()     {}
func (Retain) poolMessage()       {}
func (HeartbeatTTL) poolMessage() {}
func (Keepalive) poolMessage()    {}
func (Disconnected) poolMessage() {}
func (Leaving) poolMessage()      {}
func (Drained) poolMessage()      {}
func (Overdue) poolMessage()      {}
func (Unanswered) poolMessage()   {}
func (Pinged) poolMessage()       {}
func (Late) poolMessage()         {}
func (Unopened) poolMessage()     {}
func (Served) poolMessage()       {}
func (Corroborated) poolMessage() {}
func (Renew) poolMessage()        {}
func (Secure) poolMessage()       {}
func (Secured) poolMessage()      {}
