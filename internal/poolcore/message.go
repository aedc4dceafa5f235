package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// Message is a message to a [Core]. The set is sealed. A session is named by its number,
// which is unique within one Core.
//
//sumtype:decl
type Message interface{ message() }

// Dials.
type (
	// Connect asks for a session to Addr. It joins a dial that is under way. A session
	// numbered Except is known to be of no use and is replaced. The reply is nil once a
	// session is published, or why there is none; a [Refusal] if none was dialed.
	Connect struct {
		Addr   string
		Except uint64 // 0: none
		Probe  bool   // no call waits for it: calls go first
		Spare  bool   // one of several that are asked for at once; the session may not be needed
		Reply  actor.Reply[error]
		By     uint64 // who asks, where that is an owner without replies; 0: it has one
	}

	// Withdraw reports that the sender of a Connect waits no more.
	Withdraw struct {
		Addr  string
		Reply actor.Reply[error] // of the Connect
		By    uint64             // the same
	}

	// Dialed is the result of a dial.
	Dialed struct {
		Addr    string
		Session uint64
		Err     error // nil: the session is up
	}

	// DialLate reports that a dial has taken as long as callers wait, and goes on.
	DialLate struct {
		Addr    string
		Session uint64
		Err     error // for those callers
	}

	// Proven reports that a call on a session to Addr was answered, the first one on it.
	Proven struct{ Addr string }

	// DialSpread sets in how much time each agent of a fleet dials once when it reaches
	// no server, and how many servers there are.
	DialSpread struct{ Spread }

	// ServersAdded reports that there is a server which was not known before: dials are
	// not paced until the next ones have failed.
	ServersAdded struct{}
)

// Sessions and their use.
type (
	// Disconnected reports that a session has ended. Handlers may go on, which its goroutine
	// waits for.
	Disconnected struct {
		Addr    string
		Session uint64
		Err     error // why
	}

	// Leaving reports that the server takes no new stream on a session. The calls on it may
	// finish.
	Leaving struct {
		Addr    string
		Session uint64
	}

	// Retain names the server whose session is retained, however idle it is; empty: none.
	// The session of the one named before, if another is named, was left: it ends once it
	// has carried nothing for the time to drain.
	Retain struct{ Addr string }

	// HeartbeatTTL sets how long the last heartbeats hold, and so how late a server may
	// learn that the agent is reached elsewhere; zero: unknown.
	HeartbeatTTL struct{ TTL time.Duration }

	// Surplus reports that a session has more idle streams than at rest. It is repeated only
	// after a [Trim] has left few.
	Surplus struct{ Session uint64 }

	// Drained reports that the last call or stream on a retired session has ended.
	Drained struct{ Session uint64 }

	// Renew asks for a session to Addr in place of the one in use, if it is better. Proof
	// is handed back with the [Dial]. The reply is nil once that is done, or why it is not.
	Renew struct {
		Addr  string
		Proof any
		Reply actor.Reply[error]
	}

	// Secured reports that other credentials are in force: every session is to be replaced.
	Secured struct{}

	// Retrusted reports that more servers are trusted than before. The sessions stay.
	Retrusted struct{}

	// Checked is which servers of the sessions there are the credentials in force trust.
	Checked struct {
		Trusted    []uint64
		Distrusted []Distrusted
	}
)

// Distrusted is a session to a server that the credentials in force do not trust.
type Distrusted struct {
	Session uint64
	Since   time.Time // when that trust was withdrawn
}

// Signs of life, and their absence.
type (
	// Keepalive sets how long a session on which calls wait may be silent before it is
	// pinged, although no call is overdue; zero: for ever.
	Keepalive struct{ Interval time.Duration }

	// Overdue reports that a call on a session has waited for the silence limit while no byte
	// came in.
	Overdue struct {
		Session uint64
		Probe   bool // it is a Status.Ping, which asks whether the server answers: its silence tells
	}

	// Unanswered reports that a caller gave up on a call that was sent at Since.
	Unanswered struct {
		Session uint64
		Since   time.Time
		Probe   bool      // as of Overdue
		Silent  bool      // no byte has come in on the session since then
		Late    time.Time // no call on the session was answered since then, and this one would be late at this time; zero: one was
	}

	// Late reports that a call on a session has waited for longer than its method usually
	// takes, and that no call on the session was answered for the silence limit.
	Late struct {
		Session uint64
		Probe   bool // as of Overdue
	}

	// Unopened reports that streams which were opened on a session wait to be acknowledged.
	Unopened struct{ Session uint64 }

	// Served is the result of a Status.Ping on a session: nil if it was answered, even by
	// an error.
	Served struct {
		Addr    string
		Session uint64
		Err     error
	}

	// Pinged is the result of a session's ping: nil if any byte came in since.
	Pinged struct {
		Session uint64
		Err     error
	}

	// Corroborated reports that another server answers while Addr is silent, or leaves calls
	// unanswered: the fault is Addr's own.
	Corroborated struct{ Addr string }
)

func (Connect) message()      {}
func (Withdraw) message()     {}
func (Dialed) message()       {}
func (DialLate) message()     {}
func (Proven) message()       {}
func (DialSpread) message()   {}
func (ServersAdded) message() {}
func (Disconnected) message() {}
func (Leaving) message()      {}
func (Retain) message()       {}
func (HeartbeatTTL) message() {}
func (Drained) message()      {}
func (Surplus) message()      {}
func (Renew) message()        {}
func (Secured) message()      {}
func (Retrusted) message()    {}
func (Checked) message()      {}
func (Keepalive) message()    {}
func (Overdue) message()      {}
func (Unanswered) message()   {}
func (Late) message()         {}
func (Unopened) message()     {}
func (Served) message()       {}
func (Pinged) message()       {}
func (Corroborated) message() {}
