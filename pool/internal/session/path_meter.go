package session

import (
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

const (
	// windowMost is the largest window of a call stream, in bytes.
	windowMost = 16 << 20
	// needMost is the most that a path may need, in bytes, and that all windows together may allow
	// above mux.WindowSize each.
	needMost = 4 * windowMost
	// leastAge is for how long the least round trip is believed when it is not seen again, in nanoseconds.
	leastAge = int64(10 * time.Second)
	// mostAge is after how long, in nanoseconds, the most that came in is taken anew. The last one
	// counts for as long again.
	mostAge = int64(5 * time.Second)
)

// pathMeter finds out how large the windows of a session's replies must be together that the path
// is full and little waits on it: one and a half times what comes in within a round trip, the least
// one of late. The replies that are coming in at the same time share it. All times are nanoseconds.
//
// It belongs to the goroutine that reads the transport, but for need and beyond.
type pathMeter struct {
	least int64      // round trip; 0: none is known
	seen  int64      // when one was last about as short
	rate  float64    // of what comes in, in bytes a nanosecond; 0: not known
	raw   float64    // the last one that was measured
	most  [2]float64 // of late, and before that
	aged  int64      // when the first of these began
	met   bool       // a window has once been more than came in

	total int64 // bytes that came in
	last  int64 // when
	from  int64 // total when the measure of rate began
	begin int64 // and the time; 0: it has not
	turns turns
	probe probe

	need   atomic.Int64 // what the windows should be together, in bytes; 0: not known
	beyond atomic.Int64 // what the streams are allowed above mux.WindowSize each
}

// begins is that a reply begins to come in that was asked for at that time. After a pause the rate is
// measured anew. An answer that took no longer than a round trip shows that the way is as it was.
func (p *pathMeter) begins(asked, now int64) {
	if now-p.last > p.least/2 {
		p.begin, p.probe.on = 0, 0
		p.turns = turns{turn: p.turns.turn + 1, from: p.total}
	}
	if p.least > 0 {
		p.trip(now-asked, now)
	}
}

// came counts n bytes that came in.
func (p *pathMeter) came(n, now int64) { p.total, p.last = p.total+n, now }

// trip takes a round trip: it is the way's if it is less than others, since what waits on the way
// makes them longer.
func (p *pathMeter) trip(took, now int64) {
	if took = max(took, 1); p.least > 0 && took > p.least+p.least/8 {
		return
	}
	p.seen = now
	if p.probe.at != 0 {
		if took < p.least/8*7 {
			p.probe.again = now + leastAge/10 // there may be a still shorter one
		}
		p.end()
	}
	if p.least == 0 || took < p.least {
		p.least = took
		p.reckon()
	}
}

// measure ends a measure of the rate that has lasted a round trip, and begins the next one. It is
// called when the first bytes have come that could not be sent without leave.
func (p *pathMeter) measure(now int64) {
	switch span := now - p.begin; {
	case p.probe.at != 0:
		return
	case p.begin == 0:
	case span < p.least:
		return
	default:
		p.measured(float64(p.total-p.from)/float64(span), now)
	}
	p.from, p.begin = p.total, now
	p.reckon()
}

// measured takes a rate. More counts at once, and less by an eighth, down to three quarters of the
// most of late: where the reader was late, much came at a time, and where an end was slow for a
// while, little did, which must not make the windows ever smaller.
func (p *pathMeter) measured(rate float64, now int64) {
	if now-p.aged > mostAge {
		p.most, p.aged = [2]float64{0, p.most[0]}, now
	}
	p.most[0] = max(p.most[0], rate)
	p.rate = max(rate, p.rate-(p.rate-rate)/8, max(p.most[0], p.most[1])*3/4)
	p.raw = rate
}

// reckon sets what is needed.
func (p *pathMeter) reckon() {
	if p.rate > 0 {
		p.need.Store(max(1, int64(min(p.rate*float64(p.least)*3/2, needMost))))
	}
}

// found is that a window was all that came in: what is needed is at least what it becomes.
func (p *pathMeter) found(window int64) {
	p.need.Store(max(p.need.Load(), min(window, needMost)))
}

// turns count the replies that come in at the same time. In a turn as much comes in as all windows
// allow: by then there was something of each reply that does not stall.
type turns struct {
	turn int64
	from int64 // bytes that had come in when it began
	many int64 // large replies of which something has come in it
	were int64 // and in the last one
}

// count counts the reply that last came in that turn, and returns this turn.
func (p *pathMeter) count(last int64) int64 {
	t := &p.turns
	if p.total-t.from >= p.beyond.Load()+mux.WindowSize*max(t.many, t.were) {
		*t = turns{turn: t.turn + 1, from: p.total, were: t.many}
	}
	if last != t.turn {
		t.many++
	}
	return t.turn
}

// share is what each reply has that is coming in; 0: nothing is known.
func (p *pathMeter) share() int64 { return p.need.Load() / max(1, p.turns.many, p.turns.were) }
