package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// Effect is an order to the owner. The set is sealed.
//
//sumtype:decl
type Effect interface{ effect() }

type (
	// Dial connects to Addr and reports the session as Dialed.
	Dial struct {
		Addr    string
		Session uint64
		Limits  Limits
		Avoid   uint64 // begin with another address of the name than this session has; 0: none
		Proof   any    // of the Renew that asked for it; nil: none
	}

	// DialFailed reports that a dial has failed or is late.
	DialFailed struct {
		Addr    string
		Err     error
		Again   bool // it was late before, which was reported
		Current bool // the server is judged by it
	}

	// Abandon gives up a dial that no caller waits for. It is reported as Dialed all the same.
	Abandon struct{ Session uint64 }

	// Publish makes Sessions the ones that calls find, one a server, in the order of the
	// addresses. The slice belongs to the receiver.
	Publish struct{ Sessions []Up }

	// Answer replies to a caller that waits.
	Answer struct {
		To  actor.Reply[error]
		By  uint64 // of the Connect
		Err error
	}

	// Trim gives up some of the idle streams that a session has not needed of late.
	Trim struct{ Session uint64 }

	// Retire has a session admit no further call. Streams of its server are accepted as before.
	Retire struct {
		Session uint64
		Cause   error
	}

	// Replaced reports that a session to Addr has taken the place of one that was cut, or
	// that does not serve.
	Replaced struct{ Addr string }

	// Arrived reports that a dial which was late has made a session to Addr after all, which
	// calls find: who gave the server up may use it.
	Arrived struct{ Addr string }

	// Release ends a retired session, unless something has begun on it meanwhile: then
	// the end of that is reported as Drained.
	Release struct{ Session uint64 }

	// Cut ends a session at once, with the calls on it.
	Cut struct {
		Session uint64
		Cause   error
	}

	// Ping asks a session for a sign of life, reported as Pinged.
	Ping struct{ Session uint64 }

	// Suspect tells the pool's user that Addr is silent or does not serve, and asks
	// whether another server answers.
	Suspect struct{ Addr string }

	// Ask makes a Status.Ping on a session, reported as Served.
	Ask struct{ Session uint64 }

	// Desert has the calls leave a session that may be made elsewhere, and tells the
	// pool's user of a server that is judged by it.
	Desert struct {
		Session uint64
		Cause   error
	}
)

func (Dial) effect()       {}
func (DialFailed) effect() {}
func (Abandon) effect()    {}
func (Publish) effect()    {}
func (Answer) effect()     {}
func (Trim) effect()       {}
func (Retire) effect()     {}
func (Replaced) effect()   {}
func (Arrived) effect()    {}
func (Release) effect()    {}
func (Cut) effect()        {}
func (Ping) effect()       {}
func (Suspect) effect()    {}
func (Ask) effect()        {}
func (Desert) effect()     {}

// Up is a session that calls find.
type Up struct {
	Addr    string
	Session uint64
}

// Usage is how a session is used.
type Usage struct {
	Busy     bool      // calls or streams, of either side, are on it
	Used     time.Time // when the last byte of a stream came in
	Accepted time.Time // when the last stream of the server was accepted; zero: none was
	Heard    time.Time // when the last byte came in
	Sending  time.Time // until then sent bytes may be on their way; a ping waits behind them
	Answered time.Time // when the last answer to a call came in
	Bulk     time.Time // when much of a large request or reply had passed last; zero: never
	Unopened time.Time // since when streams have waited and none was acknowledged; zero: none waits
	Surplus  bool      // it has more idle streams than at rest, or had when it was trimmed last
	Pinged   bool      // nothing but pings was ever on it: the server does not know the agent by it
}
