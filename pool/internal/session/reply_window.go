package session

import (
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// windowMeter finds out how large the window of a stream must be that its peer need not wait for
// leave to send. While what comes in within a round trip is all that the window allows, it must be
// twice that. Else the path carries no more, and the window is the stream's share of what that
// needs: what is sent beyond it waits on the way, and so does what comes behind it for others. A
// round trip is the time from leave that is given until the first byte comes that could not be sent
// without it. It belongs to the goroutine that reads the transport, but for beyond.
//
// What a peer pretends by when its bytes come makes its window no larger than windowMost, nor larger
// by more than the reply under way has claimed, or than the path is known to need.
type windowMeter struct {
	size   int64 // of the window
	beyond loan  // of it, what is above mux.WindowSize
	total  int64 // bytes that came in
	want   int64 // what the window must be, beside its share; 0: that is enough
	asked  int64 // when the reply was asked for; 0: something has come
	turn   int64 // of the path's, in which something has last come

	needs int64 // the byte of total that cannot come without leave that was given; 0: none is looked for
	given int64 // when that was
	allow int64 // the window that was in effect when the measure began: leave takes a round trip
	from  int64 // total when it did
	begin int64 // and the time; 0: it has not
}

// restart begins to measure anew, with a reply that was asked for at that time.
func (m *windowMeter) restart(asked time.Duration) {
	m.needs, m.begin, m.want, m.asked = 0, 0, 0, int64(asked)
}

// came counts n bytes that came in.
func (m *windowMeter) came(p *pathMeter, n int, now int64) {
	if m.asked != 0 {
		p.begins(m.asked, now)
		m.asked = 0
	}
	p.came(int64(n), now)
	m.total += int64(n)
	if m.needs == 0 || m.total < m.needs {
		return
	}
	m.needs = 0
	p.trip(now-m.given, now)
	p.probed(now-m.given, m.given, now)
	p.measure(now)
	switch span := now - m.begin; {
	case p.probe.at != 0:
		m.begin, m.want = 0, 0
		return
	case m.begin == 0:
	case span < p.least:
		return
	default:
		m.measured(p, int64(float64(m.total-m.from)*float64(p.least)/float64(span)))
	}
	m.from, m.begin, m.allow = m.total, now, m.size
}

// measured takes what came in within a round trip.
func (m *windowMeter) measured(p *pathMeter, trip int64) {
	switch {
	case trip < m.allow/10*7:
		m.want, p.met = 0, true
		return
	case p.met:
		m.want = 2 * trip
	default:
		m.want = 3 * trip
	}
	p.found(m.want)
}

// worth is how many bytes that came in are worth a frame. It is less than half of the window: of a
// half that is some bytes larger, the rest of the window is not enough for another frame.
func (m *windowMeter) worth() int64 { return max(mux.WindowSize*3/8, m.size/8) }

// leave is how many bytes to allow for n that came in, where the peer could still send rest; the
// reply has claimed so many. It is 0 where the window becomes smaller by all of them.
func (m *windowMeter) leave(p *pathMeter, n, rest, claimed, now int64) (allowed int64) {
	m.turn = p.count(m.turn)
	p.due(now)
	want := max(p.share(), m.want)
	if p.probe.at != 0 {
		want = p.sized()
	}
	want = min(max(want, mux.WindowSize), windowMost, max(mux.WindowSize+claimed, p.need.Load(), m.size))
	if more := want - m.size; more > 0 {
		more = p.lend(&m.beyond, more, p.budget(mostTimes))
		m.size += more
		allowed = n + more
	} else {
		less := min(-more, n)
		p.back(&m.beyond, less)
		m.size -= less
		allowed = n - less
	}
	if m.needs == 0 && allowed > 0 {
		m.needs, m.given = m.total+rest+1, now // the window is no larger than it should be
	}
	return allowed
}
