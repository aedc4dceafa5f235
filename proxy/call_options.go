package proxy

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// CallOption changes how one call is carried.
type CallOption func(*call)

// WithClass overrides what the method's name and arguments say about repeating
// the call.
func WithClass(c Class) CallOption {
	return func(o *call) { o.class = c }
}

// WithBlockTime says how long the server was asked to hold this blocking query.
// It is needed only for arguments that do not say it; see pool.BlockTime.
func WithBlockTime(d time.Duration) CallOption {
	return func(o *call) { o.way.Block = max(d, 0) }
}

// WithHoldTime says how long a server may take to begin to answer this call, beyond the
// time that a blocking query asked for, and how long its answer may then pause, before
// the call is tried elsewhere or fails with a *pool.HoldError. It bounds each attempt, in
// place of a share of the call's time, and of Config.RetryTimeout. Zero or less means Config.Pool's
// HoldTimeout, more than a year a year. Over an embedder's Pinger it has no effect.
func WithHoldTime(d time.Duration) CallOption {
	return func(o *call) { o.hold = max(d, 0) }
}

// WithSoftDeadline is for calls that must land by a deadline, such as a heartbeat,
// which must arrive before its TTL is over. The time until landBy is sliced over
// the servers, so that one which does not answer costs a slice and not the
// deadline; the pauses between attempts shrink as it comes near, to 250 ms, or a 512th of
// a second for each node and server, 5 s at most. The call is
// tried beyond landBy, as long as ctx allows, but without haste: what made one agent
// late made the whole fleet late. From then on what is left until ctx ends is sliced,
// and pauses are of 1 to 2 s, or longer where each server would get more than 256 such
// calls a second from all nodes of the cluster, growing to 64, up to 1 min. A call for whose
// next pause ctx leaves too little waits for its end, and has ErrRetriesSpent.
//
// When every server was asked and one did not answer within its slice, the slices
// double: a cluster that is slow as a whole answers in the end, and one that does
// not answer is asked less often. Where the last answer to such a call took long,
// the first slices of the next are longer, as far as landBy allows.
//
// A slice does not end a large request or reply that is on its way and goes on; see
// pool.Request.Limit. It may end while the server still works on the call: use it for calls
// that are Idempotent or Read; an AtMostOnce call ends with the slice.
func WithSoftDeadline(landBy time.Time) CallOption {
	return func(o *call) { o.way.LandBy = landBy }
}

// WithAnsweredBy sets *server to the one that answered the call, before Call
// returns nil. A heartbeat hands it on as HeartbeatUpdate.From.
func WithAnsweredBy(server *messages.Server) CallOption {
	return func(o *call) { o.answered = server }
}
