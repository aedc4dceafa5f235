package poolhooks

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// Open is pool.New with hooks: a
// func(pool.Config, Hooks) (*pool.Pool, Control, error). Its type is lost because this
// package cannot import the one that imports it.
var Open any

// OpenTenant makes a pool beside another one: a
// func(of *pool.Pool, handlers pool.Handlers, hooks Hooks) (*pool.Pool, Control, error). The
// new pool has the configuration of the other one but for Handlers, its credentials, which
// Control.Adopt brings up to date, and what it knows of names and of how long methods take; what
// both hold for replies and for servers is bounded together. Errors of servers keep their whole
// text in it.
var OpenTenant any

// Session is one session of a pool.
type Session struct {
	Addr string // of the server, as it was dialed
	ID   uint64 // unique in the pool
	TLS  bool
}

// Hooks are what a pool is given by a proxy. The functions are called by the pool's owner unless
// they say otherwise, and must not block. Any of them may be nil.
type Hooks struct {
	// Suspect is called for a server that is silent or leaves calls unanswered. With it, a
	// session that is silent ends only after Corroborate: when no other server answers,
	// the network on this side may have failed. Without it, no other server's answer
	// counts against one that leaves calls unanswered.
	Suspect func(addr string)

	// Down is called for a server whose session broke or could not be dialed, and why, also
	// when no call was on it. A server that announces its departure is down with
	// ErrLeaving, before it is, one that leaves calls unanswered with ErrNotServing.
	Down func(addr string, err error)

	// Arrived is called for a server that Down was called for because a dial was late, once
	// that dial has made a session after all.
	Arrived func(addr string)

	// Renewed is called for a server whose session was replaced, by one with other
	// credentials, by a better one (Control.Renew), or by one that works in place of one
	// that was silent or did not serve, once calls find that: the server learns of the new
	// one by the next call on it.
	Renewed func(addr string)

	// Secured is called when other credentials are in force.
	Secured func()

	// Ended is called last, when the pool's owner ends, with what Pool.Err will be.
	Ended func(cause error)

	// Up is called when a session is up, which took so long, and Over when it has ended after so
	// long, and why. They are called in the session's own goroutine, Up before Over.
	Up   func(s Session, took time.Duration)
	Over func(s Session, lasted time.Duration, cause error)

	// Queue is where the pool's log goes, which whoever gives it flushes; nil: one of its own.
	Queue *logqueue.Queue
}

// Control is what the proxy tells a pool and asks of it. The methods with a context and
// no other comment wait for room in the owner's mailbox; their errors are ctx.Err and
// pool.ErrStopped. Those without a context neither block nor allocate.
type Control interface {
	// Retain keeps the session to addr however idle it is, in place of the server
	// retained before. That one's session goes on: calls to that server use it, its
	// streams run to their end, in both directions, and its server may open more. It ends
	// once it has carried nothing for Config.DrainTimeout, or for as long as HeartbeatTTL
	// returns. Calls with Request.Moved are ended by the caller of Retain. The empty addr
	// retains none, and ends no session that is not idle.
	Retain(ctx context.Context, addr string) error

	// Keepalive sets how long a session that carries only blocking queries may be silent
	// before it is pinged; zero, the start, is for ever.
	Keepalive(ctx context.Context, interval time.Duration) error

	// HeartbeatTTL sets how long heartbeats hold. The server that was left learns of
	// another session by the next heartbeat at the latest, so its own is kept for the TTL
	// and a margin, if that is longer than Config.DrainTimeout.
	HeartbeatTTL(ctx context.Context, ttl time.Duration) error

	// DialSpread sets in how much time each agent of a fleet dials once when none of its
	// servers can be reached: nodes/(64 x servers) seconds are good. An address's back-off
	// grows up to it, if it is longer than 2 s, and to 1 min at most. An agent that has no
	// session, and has seen dials in a row fail to half of its servers, three at least or
	// all, makes one dial each three to eight tenths of that time, or of 80 s if that is
	// less, to the address that was dialed longest ago. Zero, the start, is a small fleet;
	// where servers is zero, two dials in a row are enough.
	DialSpread(ctx context.Context, over time.Duration, servers int) error

	// ServersAdded reports that there is a server which was not known before: although none
	// of the others could be reached, it is dialed without delay. The back-off of each
	// address stays.
	ServersAdded(ctx context.Context) error

	// Corroborate reports that another server answers while the one at addr is silent, or
	// leaves calls unanswered. It is the answer to Hooks.Suspect.
	Corroborate(ctx context.Context, addr string) error

	// Adopt puts the credentials into force that the pool has which this one was made beside.
	// It waits for room in the owner's mailbox.
	Adopt(ctx context.Context) error

	// Connect makes sure of a session to the server at addr, and blocks until there is one
	// or ctx ends; a dial that is under way goes on then. A session that only Connect asked
	// for, and that no call has used, ends after 5 s, unless its server is retained. The
	// errors are a *pool.DialError too.
	Connect(ctx context.Context, addr string) error

	// Connected reports whether there is a session to the server at addr that takes calls.
	Connected(addr string) bool

	// Lives reports whether anything comes in on the session to addr after a ping, and its
	// server is not leaving. It dials nothing, and blocks until then, or until the session or
	// ctx ends.
	Lives(ctx context.Context, addr string) bool

	// Reached reports whether a dial to addr is under way whose connection was accepted: a
	// host is there, and its server has not answered yet.
	Reached(addr string) bool

	// Moved reports whether the name in addr has left the server that the session to addr
	// leads to: the resolver answers, and with other addresses. Of a name whose answers
	// hold a part of its addresses each time, the last sixteen count. It is false for an
	// address without a name, without a session, and with Config.Dial. It asks the resolver
	// once and blocks for up to 5 s, or until ctx ends; the error is a *net.DNSError.
	Moved(ctx context.Context, addr string) (bool, error)

	// Renew dials the server at addr anew, while the session is in use, and begins with
	// another address of its name. The new session takes the place of the old one once it
	// is up and prove, if it is not nil, has returned nil; the calls on the old one run to
	// their end there, and Hooks.Renewed is called. Else everything stays as it was, and the
	// server is not judged by it. prove is called in a goroutine of the pool's, with a
	// context that ends with the pool; call makes a call on the new session. Renew blocks
	// until that is decided or ctx ends, which ends nothing else. The errors are
	// a *pool.DialError, those of prove, and one that means that there is no session to
	// replace, or that it is being replaced already.
	Renew(ctx context.Context, addr string, prove Proof) error

	// Usual is how long the server at addr takes at times to answer a call of method: the
	// longest it took of late; zero where it is answered within half of
	// Config.SilenceLimit, or is not known.
	Usual(addr, method string) time.Duration
}

// Proof judges a session by calls on it. The errors of call are those of pool.Pool.Call.
type Proof func(ctx context.Context, call func(ctx context.Context, method string, args, reply any) error) error
