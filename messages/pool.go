package messages

import "github.com/open-nomad/rpcproxy/actor"

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
	Reply  actor.Reply[error]
}

// Dialed is the result of a dial.
type Dialed struct {
	Addr    string
	Session uint64
	Err     error // nil: the session is up
}

// Retain names the server whose session is kept however idle it is; empty:
// none.
type Retain struct{ Addr string }

// Disconnected says that a session has ended.
type Disconnected struct {
	Addr    string
	Session uint64
	Err     error // why
}

func (Connect) poolMessage()      {}
func (Dialed) poolMessage()       {}
func (Retain) poolMessage()       {}
func (Disconnected) poolMessage() {}
