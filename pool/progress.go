package pool

import (
	"sync/atomic"
	"time"
)

// The least that a call must bring on, on average, in bytes a second, and the slowest
// line on which nothing is cut while what was sent is on its way.
const (
	slowestCall = 1 << 10
	slowestLine = 16 << 10
)

// atOnce is how large a request may be for its way to be of no account.
const atOnce = 16 << 10

// sparedMost is the longest that a session is spared for what is on its way out.
const sparedMost = time.Minute

// extendedPause is how long a reply may bring hardly anything that goes on although its
// call's time (Request.Limit) is over.
const extendedPause = 2 * time.Second

// incoming is how much of an answer has come in that did not come at once. The
// goroutine that reads writes it, and the caller looks.
type incoming struct {
	bytes atomic.Int64
	last  atomic.Int64 // when the last of them came, in nanoseconds from the pool's origin; 0: none did
}

// came counts bytes in.
func (i *incoming) came(n int, now int64) {
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

// headway is how far a call has come. Times are since the pool's origin.
type headway struct {
	begin    time.Duration // when the call was begun
	hold     time.Duration // for how long nothing may come
	held     time.Duration // and before the first byte that much longer
	sent     int64         // bytes of a large request that were handed over
	sentAt   time.Duration // when the last of them were, some time after begin; 0: none were
	onTheWay int64         // of these, those that the peer has not taken
	spared   time.Duration // they may be on their way until then; 0: they are few
	received int64         // bytes of the answer, unless it is whole
	heardAt  time.Duration // when the last of them came; 0: none did
	heard    time.Duration // when the first of them was noticed
}

// until is when the call has waited too long: for the first byte, or for the next one.
// Each byte that goes out or comes in brings it more time, but not without end: on
// average there must be slowestCall of them a second.
func (h *headway) until() time.Duration {
	if h.heardAt > 0 {
		return min(h.heardAt, h.heard+atSlowest(h.received)) + h.hold
	}
	left := min(max(h.sentAt, h.spared), h.begin+atSlowest(h.sent))
	return max(h.begin, left) + h.held + h.hold
}

// takes notes how much of a large request is on its way, and reports whether that has
// changed.
func (h *headway) takes(now time.Duration, sent, onTheWay int64) bool {
	onTheWay = max(onTheWay, 0)
	if sent == h.sent && onTheWay == h.onTheWay {
		return false
	}
	h.sent, h.onTheWay, h.spared = sent, onTheWay, now+onTheLine(onTheWay)
	return true
}

// onTheLine is for how long so many bytes may be on their way out, and nothing may come
// in for them.
func onTheLine(bytes int64) time.Duration {
	if bytes <= atOnce {
		return 0
	}
	return min(time.Duration(bytes)*time.Second/slowestLine, sparedMost)
}

// atSlowest is how long so many bytes of a call may take.
func atSlowest(bytes int64) time.Duration {
	return time.Duration(min(bytes, 1<<32)) * (time.Second / slowestCall)
}

// extension is the second chance of a call whose time (Request.Limit) was over while it was
// making headway: it goes on for as long as it does.
type extension struct {
	since    time.Duration
	received int64 // by then
	why      error // of its end then
}

// begins reports whether a call has come far enough to be left going: its request is
// on its way, or a second's worth of the reply is there.
func (e *extension) begins(now time.Duration, h *headway) bool {
	return now < h.spared || h.received >= slowestCall
}

// left is after which time over is to be asked; longest: there is no extension.
func (e *extension) left(now time.Duration, h *headway) time.Duration {
	if e.why == nil {
		return longest
	}
	return max(h.spared-now, e.since+extendedPause-now, time.Millisecond)
}

// over reports whether nothing to speak of has come since the last look that counted.
func (e *extension) over(now time.Duration, h *headway) bool {
	if now < h.spared || now-e.since < extendedPause {
		return false
	}
	slow := h.received-e.received < int64(extendedPause/time.Second)*slowestCall
	e.since, e.received = now, h.received
	return slow
}
