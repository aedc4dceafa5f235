package mux

import (
	"sync/atomic"
	"time"
)

// How many streams of one session may be opened and not be acknowledged. A server
// acknowledges them one by one, in the loop that accepts them, so a call waits behind
// all that were opened before it, also behind those whose callers have left since.
const (
	OpensFirst = 32  // at first, and again when all are acknowledged
	opensMost  = 256 // the accept backlog of servers (yamux v0.1.2, mux.go, DefaultConfig); yamux's Open blocks beyond its own
)

// opensAllowed is how many streams may be unacknowledged after an acknowledgement that
// left so many others waiting. Each one makes room for another, so that a burst doubles
// in each round trip.
func opensAllowed(allowed, waiting int64) int64 {
	if waiting <= 0 {
		return OpensFirst
	}
	return min(allowed+1, opensMost)
}

// Opens counts the streams of a session that were opened and are not acknowledged yet. A
// caller takes a token before it opens a stream, and waits for one where there is none;
// the reading goroutine gives it back with the acknowledgement. So no caller waits in
// yamux's Open, which takes no context.
type Opens struct {
	Reported atomic.Bool // the pool's owner knows of streams that wait; false again when none does

	tokens  chan struct{}
	allowed atomic.Int64 // tokens that exist, those in use included
	waiting atomic.Int64 // tokens in use
	since   atomic.Int64 // when a stream was acknowledged last, or the first one opened since; nanoseconds from the origin
}

func (o *Opens) init() {
	o.tokens = make(chan struct{}, opensMost)
	o.add(OpensFirst)
}

// add makes n tokens.
func (o *Opens) add(n int64) {
	o.allowed.Add(n)
	for range n {
		o.tokens <- struct{}{} // has room for all that exist
	}
}

// Tokens has a token for each stream that may be opened now. Took must be called for each
// one received.
func (o *Opens) Tokens() <-chan struct{} { return o.tokens }

// Took counts a token that was received; now is the time since the connection's origin.
func (o *Opens) Took(now time.Duration) {
	if o.waiting.Add(1) == 1 {
		o.since.Store(int64(now))
	}
}

// Return gives back the token of a stream that was not opened.
func (o *Opens) Return() {
	if o.waiting.Add(-1) == 0 {
		o.Reported.Store(false)
	}
	o.tokens <- struct{}{}
}

// Waiting is the number of streams that wait to be acknowledged.
func (o *Opens) Waiting() int64 { return o.waiting.Load() }

// Since is when a stream was acknowledged last, or the first one opened since, as the
// time since the connection's origin.
func (o *Opens) Since() time.Duration { return time.Duration(o.since.Load()) }

// acknowledged gives a token back, and makes or removes others as opensAllowed requires. Only
// the reading goroutine calls it.
func (o *Opens) acknowledged(now int64) {
	o.since.Store(now)
	waiting, allowed := o.waiting.Add(-1), o.allowed.Load()
	if waiting == 0 {
		o.Reported.Store(false)
	}
	o.tokens <- struct{}{}
	next := opensAllowed(allowed, waiting)
	if next > allowed {
		o.add(next - allowed)
	}
	for ; next < allowed; allowed-- {
		select {
		case <-o.tokens:
			o.allowed.Add(-1)
		default:
			return // they are in use again
		}
	}
}
