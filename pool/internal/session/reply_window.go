package session

import "github.com/open-nomad/rpcproxy/pool/internal/mux"

// windowMost is the largest window of a call stream, in bytes.
const windowMost = 16 << 20

// pathMeter finds out how large the window of a stream must be that its peer need not wait for leave
// to send. While what comes in within a round trip is all that the window allows, it must be
// twice that. Else the path carries no more, and the window is that with a margin: what is sent
// beyond it waits on the way, and so does what comes behind it for others. A round trip is the
// least time from leave that is given until the first byte comes that could not be sent without it.
// All times are nanoseconds. It belongs to the goroutine that reads the transport.
//
// A window is no memory: what comes in is put into a buffer that was claimed from ReplyRoom, or
// dropped. What a peer pretends makes its window no larger than windowMost, nor larger by more
// than the reply under way has claimed, or than another one of the session had.
type pathMeter struct {
	size  int64 // of the window
	total int64 // bytes that came in
	want  int64 // what the window should be; 0: not known
	trip  int64 // what comes in within a round trip
	most  int64 // the most that did
	met   bool  // the window has once been more than came in
	round int64 // the least round trip; 0: not known

	needs int64 // the byte of total that cannot come without leave that was given; 0: none is looked for
	given int64 // when that was
	allow int64 // the window that was in effect then: leave takes a round trip
	from  int64 // total when the measure of trip began
	begin int64 // and the time; 0: it has not
}

// least takes the least round trip that other streams of the session have had, 0 where none is
// known, and returns it with this one's. What waits on the way because a window is too large makes
// round trips longer: who had only such ones would take them for the way's, and make its window
// larger still.
func (m *pathMeter) least(round int64) int64 {
	if round > 0 && (m.round == 0 || round < m.round) {
		m.round = round
	}
	return m.round
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
		m.from, m.begin, m.allow = m.total, now, m.size
	case span >= m.round:
		m.measured(int64(float64(m.total-m.from) * float64(m.round) / float64(span)))
		m.from, m.begin = m.total, now
	}
}

// measured takes what came in within a round trip. More counts at once, and less by an eighth, down
// to three quarters of the most: where the reader was late, much came at a time, and where an end was
// slow or the way longer for a while, little did, which must not make the window ever smaller.
func (m *pathMeter) measured(trip int64) {
	m.most = max(m.most, trip)
	m.trip = max(trip, m.trip-(m.trip-trip)/8, m.most/4*3)
	switch {
	case trip < m.allow/10*7:
		m.want, m.met = m.trip/2*3, true
	case m.met:
		m.want = 2 * m.trip
	default:
		m.want = 3 * m.trip
	}
	m.allow = m.size
}

// worth is how many bytes that came in are worth a frame. It is less than half of the window: of a
// half that is some bytes larger, the rest of the window is not enough for another frame.
func (m *pathMeter) worth() int64 { return max(mux.WindowSize*3/8, m.size/8) }

// leave is how many bytes to allow for n that came in, where the peer could still send rest. The
// reply has claimed so many; known is the window of the session's last large reply.
func (m *pathMeter) leave(n, rest, claimed, known, now int64) (allowed int64) {
	if m.needs == 0 {
		m.needs, m.given = m.total+rest+1, now
	}
	want := m.want
	if want == 0 {
		want = max(known, m.size)
	}
	want = min(max(want, mux.WindowSize), windowMost, max(mux.WindowSize+claimed, known, m.size))
	more := max(want-m.size, -n/2)
	m.size += more
	return n + more
}
