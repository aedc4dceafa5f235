package attempt

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestASliceGivesEveryServerATurnBeforeTheDeadline(t *testing.T) {
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
		if got := firstSlice(c.left, c.servers, c.pace); got != c.want {
			t.Errorf("%v left, %d servers, pace %v: %v, want %v", c.left, c.servers, c.pace, got, c.want)
		}
	}
}

func TestALateCallPausesLess(t *testing.T) {
	now := time.Now()
	c := Call{pauses: 10}
	if got := c.ceiling(now); got != pauseMost {
		t.Errorf("without a budget %v", got)
	}
	last := pauseMost
	for _, left := range []time.Duration{15 * time.Second, 4 * time.Second, time.Second, 0, -time.Hour} {
		c.LandBy = now.Add(left)
		got := c.ceiling(now)
		if got > last || got < pauseFirst {
			t.Errorf("%v before its time it pauses up to %v, before that %v", left, got, last)
		}
		last = got
	}
}

func TestAPauseLeavesTimeForAnAttempt(t *testing.T) {
	env := Env{Draw: rand.New(rand.NewPCG(1, 1)).Int64N}
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
			got, enough := fitted(&env, c.wait, pauseLeast, c.left)
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

