package session

import "github.com/open-nomad/rpcproxy/pool/internal/mux"

// windowMost is the largest window of a call stream, in bytes.
const windowMost = 16 << 20

// pathMeter finds out how large the window of a stream must be that its peer need not wait for leave
// to send: twice what comes in within a round trip. A round trip is the least time from leave that
// is given until the first byte comes that could not be sent without it. All times are
// nanoseconds. It belongs to the goroutine that reads the transport.
//
// A window is no memory: what comes in is put into a buffer that was claimed from ReplyRoom, or
// dropped. What a peer pretends makes its window no larger than windowMost, nor larger by more
// than the reply under way has claimed.
type pathMeter struct {
	size  int64 // of the window
	total int64 // bytes that came in
	trip  int64 // the most that came in within a round trip
	round int64 // the least round trip; 0: not known

	needs int64 // the byte of total that cannot come without leave that was given; 0: none is looked for
	given int64 // when that was
	from  int64 // total when the measure of trip began
	begin int64 // and the time; 0: it has not
}

// restart begins to measure anew, after a pause.
func (m *pathMeter) restart() { m.needs, m.begin = 0, 0 }

// came counts n bytes that came in.
func (m *pathMeter) came(n int, now int64) {
	m.total += int64(n)
	if m.needs == 0 || m.total < m.needs {
		return
	}
	if took := max(now-m.given, 1); m.round == 0 || took < m.round {
		m.round = took
	}
	m.needs = 0
	switch span := now - m.begin; {
	case m.begin == 0:
		m.from, m.begin = m.total, now
	case span >= m.round:
		m.trip = max(m.trip, int64(float64(m.total-m.from)*float64(m.round)/float64(span)))
		m.from, m.begin = m.total, now
	}
}

// worth is how many bytes that came in are worth a frame.
func (m *pathMeter) worth() int64 { return max(mux.WindowSize/2, m.size/8) }

// leave is how many bytes to allow on top of those that came in, where the peer could still send
// rest, and the reply has claimed so many.
func (m *pathMeter) leave(rest, claimed, now int64) (more int64) {
	if m.needs == 0 {
		m.needs, m.given = m.total+rest+1, now
	}
	more = max(min(2*m.trip, windowMost, mux.WindowSize+claimed)-m.size, 0)
	m.size += more
	return more
}
