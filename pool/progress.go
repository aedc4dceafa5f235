package pool

import (
	"sync/atomic"
	"time"
)

// The least that a call must bring on, in bytes a second: the slowest line on which a
// large request or reply still comes through.
const slowestLine = 1 << 10

// How long a call may bring nothing on whose own context has ended, while the one in
// its place (Request.Rest) has not: with a request on its way out, whose frames are
// large, and with a reply on its way in.
const (
	restOut = 10 * time.Second
	restIn  = 2 * time.Second
)

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
	sent     int64         // bytes of the request that were handed over one after the other
	sentAt   time.Duration // when the last of them were; 0: all went at once
	received int64         // bytes of the answer, unless it is whole
	heardAt  time.Duration // when the last of them came; 0: none did
	heard    time.Duration // when the first of them was noticed
}

// until is when the call has waited too long: for the first byte, or for the next one.
// Each byte that goes out or comes in brings it more time, but not without end: on
// average there must be slowestLine of them a second.
func (h *headway) until() time.Duration {
	if h.heardAt > 0 {
		return min(h.heardAt, h.heard+atSlowest(h.received)) + h.hold
	}
	return max(h.begin, min(h.sentAt, h.begin+atSlowest(h.sent))) + h.held + h.hold
}

// atSlowest is how long so many bytes may take.
func atSlowest(bytes int64) time.Duration {
	return time.Duration(min(bytes, 1<<32)) * (time.Second / slowestLine)
}

// extension is the second chance of a call whose own context has ended while it was making
// headway: it goes on for as long as it does.
type extension struct {
	since time.Duration
	bytes int64 // sent and received by then
	why   error // that the own context ended
}

// begins reports whether a call has come far enough to be left going: it is amid a
// request that is handed over piece by piece, or a second's worth of the reply is there.
func (e *extension) begins(now time.Duration, h *headway, sending bool) bool {
	return sending && h.sentAt > 0 && now-h.sentAt < restOut || h.received >= slowestLine
}

// over reports whether nothing to speak of has come since the last look that counted.
func (e *extension) over(now time.Duration, h *headway, sending bool) bool {
	pause := restIn
	if sending {
		pause = restOut
	}
	if now-e.since < pause {
		return false
	}
	bytes := h.sent + h.received
	slow := bytes-e.bytes < int64(pause/time.Second)*slowestLine
	e.since, e.bytes = now, bytes
	return slow
}
