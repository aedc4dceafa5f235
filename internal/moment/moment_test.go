package moment_test

import (
	"math"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

func TestAClockGivesBackWhatItWasGiven(t *testing.T) {
	var c moment.Clock
	begin := stepped.Start()
	c.Of(begin)
	for _, d := range []time.Duration{0, 1, -1, time.Hour, -time.Hour, 100 * 365 * 24 * time.Hour, -60 * 365 * 24 * time.Hour} {
		at := c.Of(begin.Add(d))
		if got := c.Time(at); !got.Equal(begin.Add(d)) || at.IsZero() {
			t.Errorf("%v: %v", d, got.Sub(begin))
		}
		if got := at.Sub(c.Of(begin)); got != d {
			t.Errorf("%v: %v from the beginning", d, got)
		}
	}
	if c.Of(time.Time{}) != 0 || !c.Time(0).IsZero() {
		t.Error("never is a time")
	}
}

func TestTimesThatCannotBeAreTheFirstOrTheLast(t *testing.T) {
	var c moment.Clock
	now := c.Of(stepped.Start())
	if at := now.Add(math.MaxInt64); at != math.MaxInt64 || !at.After(now) || !c.Time(at).After(stepped.Start()) {
		t.Error(at)
	}
	if at := now.Add(math.MinInt64); at != 1 || !at.Before(now) {
		t.Error(at)
	}
	if at := c.Of(time.Unix(-1<<40, 0)); at != 1 {
		t.Error(at)
	}
	if at := c.Of(time.Unix(1<<40, 0)); at != math.MaxInt64 {
		t.Error(at)
	}
}

func TestTheOrderIsThatOfTheTimes(t *testing.T) {
	var c moment.Clock
	early := c.Of(stepped.Start())
	late := early.Add(1)
	if !early.Before(late) || late.Before(early) || early.After(late) || !late.After(early) ||
		early.Compare(late) >= 0 || late.Compare(early) <= 0 || early.Compare(early.Add(0)) != 0 || !early.After(0) {
		t.Error(early, late)
	}
}

// The time of day may be set meanwhile.
func TestAClockGoesByTheMonotonicClock(t *testing.T) {
	var c moment.Clock
	begin := stepped.Start()
	was := c.Of(begin)
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		if at := c.Of(stepped.Shift(begin.Add(time.Second), by)); at.Sub(was) != time.Second {
			t.Errorf("set by %v: %v", by, at.Sub(was))
		}
	}
}
