package attempt

import (
	"math"
	"testing"
	"time"
)

func TestDialsAreSpreadBySizeOfTheFleet(t *testing.T) {
	for _, c := range []struct {
		nodes, servers int
		want           time.Duration
	}{
		{0, 0, 0},
		{-1, 3, 0},
		{3, 3, 0},
		{191, 3, 0},
		{192, 3, time.Second},
		{1000, 3, 5 * time.Second},
		{10_000, 5, 31 * time.Second},
		{100_000, 5, 312 * time.Second},
		{10_000, 0, 156 * time.Second}, // every server has left the list
		{math.MaxInt, 1, (1 << 24) * time.Second},
	} {
		if got := dialSpread(c.nodes, c.servers); got != c.want {
			t.Errorf("%d nodes, %d servers: %v, want %v", c.nodes, c.servers, got, c.want)
		}
	}
}
