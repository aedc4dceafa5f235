package proxy

import (
	"testing"
	"time"
)

func TestASliceGivesEveryServerATurnBeforeTheDeadline(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		left    time.Duration
		servers int
		pace    time.Duration
		want    time.Duration
	}{
		{12 * time.Second, 3, 0, 2 * time.Second},                // no longer than it takes to be sure
		{4 * time.Second, 3, 0, time.Second},                     // a turn for each, and one to land
		{time.Second, 3, 0, 500 * time.Millisecond},              // no shorter than a slow answer
		{-time.Minute, 3, 0, 500 * time.Millisecond},             // late
		{time.Second, 1, 0, 500 * time.Millisecond},              // alone
		{1500 * time.Millisecond, 0, 0, 1500 * time.Millisecond}, // nobody

		{12 * time.Second, 3, time.Millisecond, 2 * time.Second}, // quick answers make it no shorter
		{12 * time.Second, 3, 2500 * time.Millisecond, 5 * time.Second},
		{12 * time.Second, 3, time.Hour, 6 * time.Second},    // and as much for another server
		{-time.Minute, 3, time.Hour, 500 * time.Millisecond}, // late
	} {
		if got := firstSlice(now, now.Add(c.left), c.servers, c.pace); got != c.want {
			t.Errorf("%v left, %d servers, pace %v: %v, want %v", c.left, c.servers, c.pace, got, c.want)
		}
	}
}

func TestALateCallPausesLess(t *testing.T) {
	now := time.Now()
	c := call{pauses: 10}
	if got := c.ceiling(now); got != pauseMost {
		t.Errorf("without a budget %v", got)
	}
	last := pauseMost
	for _, left := range []time.Duration{15 * time.Second, 4 * time.Second, time.Second, 0, -time.Hour} {
		c.landBy = now.Add(left)
		got := c.ceiling(now)
		if got > last || got < pauseFirst {
			t.Errorf("%v before its time it pauses up to %v, before that %v", left, got, last)
		}
		last = got
	}
}

func TestAPauseLeavesTimeForAnAttempt(t *testing.T) {
	for _, c := range []struct {
		wait, left time.Duration
		low, high  time.Duration // zero: the call is given up
	}{
		{time.Second, 10 * time.Second, time.Second, time.Second},
		{5 * time.Second, 10 * time.Second, 5 * time.Second, 5 * time.Second},
		{6 * time.Second, 10 * time.Second, 2500 * time.Millisecond, 5 * time.Second},
		{time.Second, 10 * time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond},
		{1, 9 * time.Millisecond, 0, 0},
		{time.Second, -time.Hour, 0, 0},
	} {
		var lowest, highest int
		for range 1000 {
			got, enough := fitted(c.wait, pauseLeast, c.left)
			if enough != (c.high > 0) || got < c.low || got > c.high {
				t.Fatalf("a pause of %v with %v left became %v, %v; want %v to %v", c.wait, c.left, got, enough, c.low, c.high)
			}
			if got < c.low+(c.high-c.low)/4 {
				lowest++
			}
			if got > c.high-(c.high-c.low)/4 {
				highest++
			}
		}
		// A quarter each is what chance gives.
		if c.low < c.high && (lowest < 100 || highest < 100) {
			t.Errorf("of 1000 pauses with %v left %d are in the lowest and %d in the highest quarter", c.left, lowest, highest)
		}
	}
}

// A server that dies is found before the TTL is over, and one that pings every 30 s is
// never asked where the TTL leaves room for that.
func TestTheKeepaliveFindsADeadServerBeforeTheTTLIsOver(t *testing.T) {
	for _, c := range []struct {
		ttl   time.Duration
		place float64
		want  time.Duration
	}{
		{0, 0, 42 * time.Second},
		{0, 1, 35 * time.Second},
		{time.Second, 0, 5 * time.Second},
		{10 * time.Second, 0, 5 * time.Second},
		{20 * time.Second, 0, 15 * time.Second},
		{20 * time.Second, 1, 12500 * time.Millisecond},
		{5 * time.Minute, 0, 42 * time.Second},
		{1<<63 - 1, 1, 35 * time.Second},
		{-1 << 63, 0, 42 * time.Second},
	} {
		if got := keepalive(c.ttl, c.place); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
