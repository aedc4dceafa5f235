package session

import (
	"sync/atomic"
	"time"
)

const (
	// slowestCall is the least that a call must bring on, on average, in bytes a second.
	slowestCall = 1 << 10
	// slowestLine is the slowest line, in bytes a second, on which nothing is cut while
	// what was sent is on its way.
	slowestLine = 16 << 10
	// smallRequest is the size up to which it does not matter that a request is on its way.
	smallRequest = 16 << 10
	// longestExcuse is the longest that a session may be silent for what is on its way out.
	longestExcuse = time.Minute
	// extraPause is how long a reply may bring hardly anything whose call goes on beyond
	// its attempt's deadline.
	extraPause = 2 * time.Second
)

// incoming is how much has come of an answer that did not come at once. The goroutine
// that reads writes it, and the caller looks.
type incoming struct {
	bytes atomic.Int64
	last  atomic.Int64 // when the last byte came, in nanoseconds from the origin; 0: none did
}

// add counts bytes in.
func (i *incoming) add(n int, now int64) {
	i.bytes.Add(int64(n))
	i.last.Store(now)
}

// clear begins with another answer.
func (i *incoming) clear() {
	if i.last.Load() != 0 {
		i.bytes.Store(0)
		i.last.Store(0)
	}
}

// progress is how far a call has come. Times are since the origin.
type progress struct {
	begin    time.Duration // of the call
	pause    time.Duration // for how long no byte may come
	block    time.Duration // how much longer the server may take for the first byte
	sent     int64         // bytes of a large request that were handed over
	sentAt   time.Duration // when the last of them were, some time after begin; 0: none were
	unsent   int64         // of these, those that the peer has not taken
	excused  time.Duration // until when they may be on their way; 0: they are few
	received int64         // bytes of the answer, unless it is whole
	lastByte time.Duration // when the last of them came; 0: none did
	noticed  time.Duration // when the first of them was noticed
}

// until is when the call has waited too long, for the first byte or for the next one. Each
// byte that goes out or comes in gives it more time, but not without end: on average there
// must be slowestCall of them a second.
func (p *progress) until() time.Duration {
	if p.lastByte > 0 {
		return min(p.lastByte, p.noticed+atSlowest(p.received)) + p.pause
	}
	left := min(max(p.sentAt, p.excused), p.begin+atSlowest(p.sent))
	return max(p.begin, left) + p.block + p.pause
}

// count notes how much of a large request was handed over and not taken by the peer, and
// reports whether that has changed.
func (p *progress) count(now time.Duration, sent, unsent int64) bool {
	unsent = max(unsent, 0)
	if sent == p.sent && unsent == p.unsent {
		return false
	}
	p.sent, p.unsent, p.excused = sent, unsent, now+onTheLine(unsent)
	return true
}

// onTheLine is for how long so many bytes may be on their way out, and nothing may come
// in for them.
func onTheLine(bytes int64) time.Duration {
	if bytes <= smallRequest {
		return 0
	}
	return min(time.Duration(bytes)*time.Second/slowestLine, longestExcuse)
}

// atSlowest is how long so many bytes of a call may take.
func atSlowest(bytes int64) time.Duration {
	return time.Duration(min(bytes, 1<<32)) * (time.Second / slowestCall)
}

// extension is for how long a call goes on whose attempt's deadline passed while it made
// progress: for as long as it does.
type extension struct {
	since    time.Duration
	received int64 // by then
	cause    error // of the call's end; nil: there is no extension
}

// deserved reports whether a call has come far enough to go on: its request is on its
// way, or a second's worth of the reply is there.
func (e *extension) deserved(now time.Duration, p *progress) bool {
	return now < p.excused || p.received >= slowestCall
}

// next is after which time to call stalled; Longest if there is no extension.
func (e *extension) next(now time.Duration, p *progress) time.Duration {
	if e.cause == nil {
		return Longest
	}
	return max(p.excused-now, e.since+extraPause-now, time.Millisecond)
}

// stalled reports whether hardly anything has come since extraPause, and begins to count
// anew.
func (e *extension) stalled(now time.Duration, p *progress) bool {
	if now < p.excused || now-e.since < extraPause {
		return false
	}
	slow := p.received-e.received < int64(extraPause/time.Second)*slowestCall
	e.since, e.received = now, p.received
	return slow
}
