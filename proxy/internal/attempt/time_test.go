package attempt

import (
	"testing"
	"time"
)

func TestSlicesReachEveryServerBeforeTheDeadline(t *testing.T) {
	for _, c := range []struct {
		left    time.Duration
		servers int
		pace    time.Duration
		want    time.Duration
	}{
		{12 * time.Second, 3, 0, 2 * time.Second},                // no longer than it takes to be sure
		{4 * time.Second, 3, 0, time.Second},                     // a slice for each, and one left over
		{time.Second, 3, 0, 500 * time.Millisecond},              // no shorter than a slow answer
		{-time.Minute, 3, 0, 500 * time.Millisecond},             // late
		{time.Second, 1, 0, 500 * time.Millisecond},              // alone
		{1500 * time.Millisecond, 0, 0, 1500 * time.Millisecond}, // no server

		{12 * time.Second, 3, time.Millisecond, 2 * time.Second}, // quick answers make it no shorter
		{12 * time.Second, 3, 2500 * time.Millisecond, 5 * time.Second},
		{12 * time.Second, 3, time.Hour, 6 * time.Second},    // and as much for another server
		{-time.Minute, 3, time.Hour, 500 * time.Millisecond}, // late
	} {
		if got := firstSlice(c.left, c.servers, sliceMost, c.pace); got != c.want {
			t.Errorf("%v left, %d servers, pace %v: %v, want %v", c.left, c.servers, c.pace, got, c.want)
		}
	}
}
