package proxy

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// CallOption changes how one call is carried.
type CallOption func(*call)

// WithClass overrides the Class that follows from the method's name and the arguments.
func WithClass(class Class) CallOption {
	return func(c *call) { c.class = class }
}

// WithBlockTime is for how long the arguments ask the server to hold this blocking
// query. It is needed only for arguments from which that cannot be read; see
// pool.BlockTime.
func WithBlockTime(d time.Duration) CallOption {
	return func(c *call) { c.way.Block = max(d, 0) }
}

// WithHoldTime limits how long a server may take to begin its answer to this call, beyond the
// time that a blocking query asked for, and how long the answer may then pause, before
// the call is tried elsewhere or fails with a *pool.HoldError. It bounds each attempt, in
// place of a share of the call's time and of Config.RetryTimeout. Zero or less means
// Config.Pool's HoldTimeout, more than a year a year. Over a Pinger it has no effect.
func WithHoldTime(d time.Duration) CallOption {
	return func(c *call) { c.hold = max(d, 0) }
}

// WithSoftDeadline is for calls that should be answered by a deadline and are worth sending
// later, such as a heartbeat, which must arrive before its TTL ends. The time until the
// deadline is divided among the servers, so that one which does not answer costs its share
// and not the deadline. The pauses between attempts shrink as it comes near, to 250 ms or, in
// a large fleet, to the time in which all servers, at 512 calls a second each, take one call
// of every node, 5 s at most.
//
// After the deadline the call goes on as long as ctx allows, but without haste: what made one
// agent late made the whole fleet late. The time until ctx ends is divided, and pauses are
// of 1 to 2 s, or longer where each server would get more than 256 such calls a second from
// all nodes of the cluster, growing until it gets 64, up to 1 min. A call for whose next
// pause ctx leaves too little waits for its end, and has ErrRetriesSpent.
//
// When every server was asked and one did not answer within its share, the shares
// double: a cluster that is slow as a whole answers in the end, and one that does
// not answer is asked less often. Where the last answer to such a call took long,
// the first shares of the next are longer, as far as the deadline allows.
//
// The end of a share does not end a large request or reply that goes on; see
// pool.Request.Limit. It may come while the server still works on the call: use the option
// for calls that are Idempotent or Read; an AtMostOnce call ends with its first share.
func WithSoftDeadline(deadline time.Time) CallOption {
	if !deadline.IsZero() { // it may be a date, and the clock may be set
		now := time.Now()
		deadline = now.Add(deadline.Sub(now))
	}
	return func(c *call) { c.way.AnswerBy = deadline }
}

// WithAnsweredBy sets *server to the one that answered the call, before Call
// returns nil. HeartbeatUpdate.From takes it.
func WithAnsweredBy(server *messages.Server) CallOption {
	return func(c *call) { c.answerer = server }
}
