package cluster

import (
	"testing"
	"time"
)

func TestRoundTripsGoByZoneOrByClass(t *testing.T) {
	t.Parallel()
	const near, next, far = rtt, 20 * rtt, 80 * rtt
	zones := newRig(Config{Agents: 6, Servers: 6, Zones: 5, RTTs: []time.Duration{near, next, far}})
	for n, want := range []time.Duration{near, next, far, far, next, near} {
		check(t, "agent 0", zones.RTT(0, int16(n)), want)
		check(t, "agent 5", zones.RTT(5, int16(n)), want)
	}
	check(t, "between servers", zones.hop(1, 4), far)
	classes := newRig(Config{Agents: 4, RTTs: []time.Duration{near, far}})
	for i, want := range []time.Duration{near, far, near, far} {
		check(t, "of a class", classes.RTT(int32(i), 3), want)
	}
}

func TestCutsOfTwoServersAreForTheSameAgentsOrForOthersOrByChance(t *testing.T) {
	t.Parallel()
	const agents = 10_000
	c := newRig(Config{Agents: agents})
	overlap := func() (first, both int) {
		for a := range int32(agents) {
			if !c.Reaches(a, 0) {
				first++
				if !c.Reaches(a, 1) {
					both++
				}
			}
		}
		return first, both
	}
	about := func(what string, got, want int) {
		t.Helper()
		if got < want-300 || got > want+300 {
			t.Errorf("%s: %d, want about %d", what, got, want)
		}
	}
	c.Cut(0, 50)
	c.Cut(1, 50)
	first, both := overlap()
	about("cut from one by chance", first, agents/2)
	about("from both", both, agents/4)

	c.CutFrom(0, 30, 80)
	c.CutFrom(1, 30, 80)
	first, both = overlap()
	about("cut from one", first, 3000)
	check(t, "the same from both", both, first)

	c.CutFrom(1, 70, 10)
	_, both = overlap()
	check(t, "others", both, 0)
	c.Cut(0, 0)
	first, _ = overlap()
	check(t, "no longer", first, 0)
}
