package session

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// transfer is a reply of size bytes on a path that carries rate bytes a second and takes trip there
// and back, with a peer that sends what it may. It returns how long it took, and the largest window.
func transfer(size, rate int64, trip time.Duration, m *pathMeter) (took time.Duration, most int64) {
	const piece = 4 << 10
	type leave struct{ at, limit int64 }
	var leaves []leave
	allowed, promised, uncredited, free, now := m.size, m.size, int64(0), int64(0), int64(0)
	for sent := int64(0); sent < size; {
		for len(leaves) > 0 && (leaves[0].at <= free || sent+piece > allowed) {
			free, allowed, leaves = max(free, leaves[0].at), leaves[0].limit, leaves[1:]
		}
		sent += piece
		free += piece * int64(time.Second) / rate
		now = free + int64(trip)/2
		m.came(piece, now)
		if uncredited += piece; uncredited >= m.worth() {
			promised += m.leave(uncredited, promised-sent, sent, 0, now)
			uncredited = 0
			leaves = append(leaves, leave{now + int64(trip)/2, promised})
			most = max(most, promised-sent)
		}
	}
	return time.Duration(now), most
}

func TestAWindowGrowsToWhatThePathCarriesAndNotFarBeyond(t *testing.T) {
	for _, c := range []struct {
		rate int64 // bytes a second
		trip time.Duration
	}{{10 << 20, time.Millisecond}, {100 << 20, 20 * time.Millisecond}, {20 << 20, 200 * time.Millisecond}, {1 << 20, 20 * time.Millisecond}, {1 << 30, 20 * time.Microsecond}} {
		m := pathMeter{size: mux.WindowSize}
		const size = 64 << 20
		took, most := transfer(size, c.rate, c.trip, &m)
		carries := c.rate * int64(c.trip) / int64(time.Second)
		best := time.Duration(size*int64(time.Second)/c.rate) + c.trip
		// It doubles with each round trip until it is as large, and each takes one.
		if limit := best*5/4 + 12*c.trip; took > limit {
			t.Errorf("%d B/s, %v: %v, want %v", c.rate, c.trip, took, limit)
		}
		if limit := max(mux.WindowSize+64<<10, 4*carries); most > limit {
			t.Errorf("%d B/s, %v: a window of %d for %d that the path carries", c.rate, c.trip, most, carries)
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
		m := pathMeter{size: mux.WindowSize}
		var now, uncredited int64
		known := r.Int64N(3) * r.Int64N(windowMost) / 2
		rest := int64(mux.WindowSize)
		for claimed := int64(0); claimed < 200<<20; {
			n := 1 + r.Int64N(min(rest, 1<<uint(10+r.IntN(13))))
			if r.IntN(50) == 0 {
				m.restart()
				claimed = 0 // of another reply
				if r.IntN(4) == 0 {
					break
				}
			}
			now += r.Int64N(1 << uint(r.IntN(40)+1))
			m.came(int(n), now)
			rest -= n
			claimed += n
			if uncredited += n; uncredited >= m.worth() {
				before := m.size
				allowed := m.leave(uncredited, rest, claimed, known, now)
				more := allowed - uncredited
				if allowed <= 0 || m.size != before+more || m.size > windowMost || m.size < mux.WindowSize ||
					more > 0 && m.size > max(mux.WindowSize+claimed, known) {
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
	first := pathMeter{size: mux.WindowSize}
	const rate, trip = 125_000_000, 20 * time.Millisecond
	transfer(64<<20, rate, trip, &first)
	m := pathMeter{size: mux.WindowSize}
	m.came(128<<10, 1)
	if allowed := m.leave(128<<10, 128<<10, 256<<10, first.size, 1); m.size != first.size || allowed != first.size-128<<10 {
		t.Errorf("%d are allowed for a window of %d, want %d in all", allowed, m.size, first.size)
	}
}

// An end that is slow for some round trips takes little of the window, one that is slow for long no
// more than a quarter of it, and it is soon back.
func TestAWindowShrinksSlowlyAndIsSoonBack(t *testing.T) {
	const rate, trip = 125_000_000, 20 * time.Millisecond
	m := pathMeter{size: mux.WindowSize}
	transfer(64<<20, rate, trip, &m)
	before := m.size
	slow := func(times int) {
		for range times {
			m.measured(m.size / 4)
			m.leave(m.worth(), 0, 16<<20, 0, 1)
		}
	}
	if slow(2); m.size < before*3/4 || m.size >= before {
		t.Errorf("a window of %d after two slow round trips, of %d before", m.size, before)
	}
	if slow(100); m.size < before*7/10 || m.size > before*8/10 {
		t.Errorf("a window of %d after a hundred slow round trips, of %d before", m.size, before)
	}
	m.restart()
	if transfer(16<<20, rate, trip, &m); m.size < before*9/10 {
		t.Errorf("a window of %d after one more reply, of %d before", m.size, before)
	}
}

// A round trip of a stream whose every one is longer, since too much waits on the way, is not taken for the way's.
func TestTheRoundTripOfAWayIsTheLeastOfTheSession(t *testing.T) {
	const rate, trip = 125_000_000, 20 * time.Millisecond
	const carries = int64(rate) * int64(trip) / int64(time.Second)
	for _, known := range []int64{0, int64(trip)} {
		m := pathMeter{size: 2 * carries} // so half of it waits
		if least := m.least(known); least != known {
			t.Errorf("the least is %d, want %d", least, known)
		}
		transfer(64<<20, rate, trip, &m)
		if grows := m.size > 2*carries; grows != (known == 0) {
			t.Errorf("with a known round trip of %v the window is %d in the end, for %d that the path carries", time.Duration(known), m.size, carries)
		}
	}
	m := pathMeter{round: 7}
	if m.least(0) != 7 || m.least(9) != 7 || m.least(5) != 5 || m.round != 5 {
		t.Errorf("the least is %d", m.round)
	}
}
