package session

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// simLine is a line that carries rate bytes a second and takes trip there and back, with a peer
// that sends what it may, a piece of each reply in turn.
type simLine struct {
	rate    int64
	trip    time.Duration
	path    pathMeter
	replies []*simReply
	leaves  []simLeave // on their way
	free    int64      // when what is on the line has left
	now     int64      // when the last piece came
	next    int        // of replies
	used    int64      // bytes that have come
}

type simLeave struct {
	at    int64
	reply *simReply
	limit int64
}

// simReply is a stream whose replies follow one another.
type simReply struct {
	windowMeter
	sent, allowed, promised, uncredited, begun int64
	left                                       int64 // of the replies
	each                                       int64 // bytes of one; 0: there is one
	stalls                                     bool
}

func (s *simLine) add(size, each int64) *simReply {
	r := &simReply{left: size, each: each, allowed: mux.WindowSize, promised: mux.WindowSize}
	r.size = mux.WindowSize
	if more := s.path.openWith(&r.beyond); more > 0 {
		r.size, r.allowed, r.promised = r.size+more, r.allowed+more, r.promised+more
	}
	s.replies = append(s.replies, r)
	return r
}

// ready is the next reply of which a piece may be sent.
func (s *simLine) ready() *simReply {
	for range s.replies {
		r := s.replies[s.next%len(s.replies)]
		if s.next++; !r.stalls && r.left > 0 && r.sent < r.allowed {
			return r
		}
	}
	return nil
}

// run carries replies until a time, or until there is nothing to send.
func (s *simLine) run(until time.Duration) {
	for s.free < int64(until) {
		for len(s.leaves) > 0 && s.leaves[0].at <= s.free {
			s.leaves[0].reply.allowed = s.leaves[0].limit
			s.leaves = s.leaves[1:]
		}
		r := s.ready()
		switch {
		case r != nil:
			s.carry(r, min(4<<10, r.left, r.allowed-r.sent))
		case len(s.leaves) == 0:
			return
		default:
			s.free = s.leaves[0].at
		}
	}
}

func (s *simLine) carry(r *simReply, n int64) {
	if r.sent == r.begun {
		r.restart(1) // the answer was long in coming
	}
	r.sent += n
	r.left -= n
	s.used += n
	s.free += n * int64(time.Second) / s.rate
	s.now = max(s.now, s.free+int64(s.trip)/2)
	r.came(&s.path, int(n), s.now)
	if r.uncredited += n; r.uncredited >= r.worth() {
		allowed := r.leave(&s.path, r.uncredited, r.promised-r.sent, r.sent-r.begun, s.now)
		if r.uncredited = 0; allowed > 0 {
			r.promised += allowed
			s.leaves = append(s.leaves, simLeave{s.now + int64(s.trip)/2, r, r.promised})
		}
	}
	if r.each > 0 && r.sent-r.begun >= r.each {
		r.begun = r.sent
	}
}

// carries is what comes in within a round trip.
func (s *simLine) carries() int64 { return s.rate * int64(s.trip) / int64(time.Second) }

// transfer is one reply, alone on its session. It returns how long it took.
func transfer(size, rate int64, trip time.Duration) (line *simLine, reply *simReply, took time.Duration) {
	line = &simLine{rate: rate, trip: trip}
	reply = line.add(size, 0)
	line.run(time.Hour)
	return line, reply, time.Duration(line.now)
}

func TestAWindowGrowsToWhatThePathCarriesAndNotFarBeyond(t *testing.T) {
	for _, c := range []struct {
		rate int64 // bytes a second
		trip time.Duration
	}{{10 << 20, time.Millisecond}, {100 << 20, 20 * time.Millisecond}, {20 << 20, 200 * time.Millisecond}, {1 << 20, 20 * time.Millisecond}, {1 << 30, 20 * time.Microsecond}} {
		const size = 64 << 20
		line, m, took := transfer(size, c.rate, c.trip)
		carries := line.carries()
		best := time.Duration(size*int64(time.Second)/c.rate) + c.trip
		// It doubles with each round trip until it is as large, and each takes one.
		if limit := best*5/4 + 12*c.trip; took > limit {
			t.Errorf("%d B/s, %v: %v, want %v", c.rate, c.trip, took, limit)
		}
		// What is beyond that waits on the way, and all calls behind it.
		if limit := max(mux.WindowSize, carries*17/10); m.size > limit {
			t.Errorf("%d B/s, %v: a window of %d in the end, for %d that the path carries", c.rate, c.trip, m.size, carries)
		}
	}
}

// Whatever a peer pretends by when its bytes come, its window has its bounds, and each byte of leave
// is counted.
func TestAWindowStaysWithinItsBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 11))
	for range 300 {
		var p pathMeter
		m := windowMeter{size: mux.WindowSize}
		var now, uncredited int64
		p.need.Store(r.Int64N(3) * r.Int64N(windowMost) / 2)
		rest := int64(mux.WindowSize)
		for claimed := int64(0); claimed < 200<<20; {
			n := 1 + r.Int64N(min(rest, 1<<uint(10+r.IntN(13))))
			if r.IntN(50) == 0 {
				m.restart(time.Duration(r.Int64N(now + 1)))
				claimed = 0 // of another reply
				if r.IntN(4) == 0 {
					break
				}
			}
			now += r.Int64N(1 << uint(r.IntN(40)+1))
			m.came(&p, int(n), now)
			rest -= n
			claimed += n
			if uncredited += n; uncredited >= m.worth() {
				before := m.size
				allowed := m.leave(&p, uncredited, rest, claimed, now)
				more := allowed - uncredited
				if allowed < 0 || m.size != before+more || m.size > windowMost || m.size < mux.WindowSize ||
					more > 0 && m.size > max(mux.WindowSize+claimed, p.need.Load()) ||
					m.beyond.Load() != m.size-mux.WindowSize || p.beyond.Load() != m.beyond.Load() {
					t.Fatalf("%d allowed for %d, %d in all, of %d claimed", allowed, uncredited, m.size, claimed)
				}
				rest, uncredited = rest+allowed, 0
			}
			if rest+uncredited != m.size {
				t.Fatalf("the peer may send %d and %d, of %d", rest, uncredited, m.size)
			}
		}
	}
}

// A reply of a session that has had a large one does not find out anew what the path carries.
func TestASessionsNextWindowIsThatOfTheLastOne(t *testing.T) {
	line, first, _ := transfer(64<<20, 125_000_000, 20*time.Millisecond)
	m := windowMeter{size: mux.WindowSize}
	m.came(&line.path, 128<<10, line.now+int64(time.Second))
	allowed := m.leave(&line.path, 128<<10, 128<<10, 256<<10, line.now+int64(time.Second))
	if m.size != line.path.share() || m.size < first.size/2 || allowed != m.size-128<<10 {
		t.Errorf("%d are allowed for a window of %d, want %d in all", allowed, m.size, first.size)
	}
}

// An end that is slow for some round trips takes little of the window, one that is slow for some
// seconds no more than a quarter of it, and it is soon back.
func TestAWindowShrinksSlowlyAndIsSoonBack(t *testing.T) {
	line, _, _ := transfer(64<<20, 125_000_000, 20*time.Millisecond)
	p := &line.path
	before := p.need.Load()
	slow := func(times int) {
		for range times {
			line.now += int64(20 * time.Millisecond)
			p.measured(p.rate/4, line.now)
			p.reckon()
		}
	}
	if slow(2); p.need.Load() < before*3/4 || p.need.Load() >= before {
		t.Errorf("windows of %d after two slow round trips, of %d before", p.need.Load(), before)
	}
	if slow(100); p.need.Load() < before*7/10 || p.need.Load() > before*8/10 {
		t.Errorf("windows of %d after a hundred slow round trips, of %d before", p.need.Load(), before)
	}
	line.add(16<<20, 0)
	line.free = line.now
	if line.run(time.Hour); p.need.Load() < before*9/10 {
		t.Errorf("windows of %d after one more reply, of %d before", p.need.Load(), before)
	}
	if slow(1000); p.need.Load() > before*3/10 {
		t.Errorf("windows of %d after 20 slow seconds, of %d before", p.need.Load(), before)
	}
}

// Less counts by an eighth, and the most of the last five seconds also when others have begun.
func TestOneSlowRoundTripIsNoSlowPath(t *testing.T) {
	var p pathMeter
	p.measured(8, mostAge)
	if p.measured(4, mostAge); p.rate != 7.5 {
		t.Errorf("a rate of %v after one of 8 and one of 4", p.rate)
	}
	for range 100 {
		p.measured(1, mostAge+1)
	}
	if p.rate != 6 {
		t.Errorf("a rate of %v, of 8 not long ago", p.rate)
	}
}
