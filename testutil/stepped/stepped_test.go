package stepped_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestOnlyTheWallClockIsShifted(t *testing.T) {
	start := stepped.Start()
	for _, by := range []time.Duration{0, 1, -1, time.Second, -time.Hour, 50 * 365 * 24 * time.Hour} {
		shifted := stepped.Shift(start, by)
		if off := shifted.Round(0).Sub(start.Round(0)); off != by {
			t.Errorf("%v: the wall clock is off by %v", by, off)
		}
		if shifted.Sub(start) != 0 || shifted.After(start) || shifted.Before(start) || !shifted.Equal(start) {
			t.Errorf("%v: the monotonic clock is shifted too", by)
		}
		if later := shifted.Add(time.Minute); later.Sub(start) != time.Minute {
			t.Errorf("%v: a minute later it is %v later", by, later.Sub(start))
		}
	}
}

func TestATimeWithoutAMonotonicReadingIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was shifted")
		}
	}()
	stepped.Shift(time.Now().Round(0), time.Hour)
}

func TestAClockGoesBothWays(t *testing.T) {
	var c stepped.Clock
	start, forward, back := stepped.Start(), 0, 0
	last := start
	for range 20 {
		read := c.Read(start)
		switch d := read.Round(0).Sub(last.Round(0)); {
		case d > 0:
			forward++
		case d < 0:
			back++
		}
		last = read
	}
	if forward < 5 || back < 5 {
		t.Errorf("%d steps forward, %d back", forward, back)
	}
}

func Example() {
	begin := stepped.Start()
	end := stepped.Shift(begin.Add(time.Second), -time.Hour) // the clock was set back meanwhile
	fmt.Println(end.Sub(begin), end.Round(0).Sub(begin.Round(0)))
	// Output: 1s -59m59s
}
