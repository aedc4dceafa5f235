package testutil

import (
	"testing"
	"testing/synctest"
	"time"
)

// In a bubble every timer is exact.
func TestAProcessThatIsRunHasNoStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := StartPulse(func(s Stall) { t.Errorf("one from %v to %v", s.From, s.To) })
		time.Sleep(time.Hour)
		stop()
	})
}

func TestALateBeatMeansAStall(t *testing.T) {
	now := time.Now()
	for late, want := range map[time.Duration]bool{0: false, pulseSlack: false, pulseSlack + 1: true, time.Second: true} {
		s, got := stallOf(now, now.Add(pulseEvery+late))
		if got != want || got && (s != Stall{From: now.Add(pulseEvery), To: now.Add(pulseEvery + late)}) {
			t.Errorf("late by %v: %v, %+v", late, got, s)
		}
	}
}

func TestAStallCountsAsFarAsItLiesWithin(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	all := []Stall{{at(1), at(3)}, {at(5), at(6)}, {at(5), at(7)}, {at(9), at(20)}}
	for _, c := range []struct{ from, to, want int }{
		{0, 30, 16}, {2, 3, 1}, {3, 5, 0}, {0, 1, 0}, {5, 7, 3}, {10, 12, 2}, {12, 10, 0}, {21, 30, 0},
	} {
		if got := Stalled(all, at(c.from), at(c.to)); got != time.Duration(c.want)*time.Second {
			t.Errorf("from %d to %d: %v, want %d s", c.from, c.to, got, c.want)
		}
	}
}
