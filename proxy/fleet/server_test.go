package fleet

import (
	"testing"
	"time"
)

func TestTheTTLGrowsWithTheFleet(t *testing.T) {
	t.Parallel()
	for nodes, least := range map[int]time.Duration{10: 10 * time.Second, 500: 10 * time.Second, 501: 10020 * time.Millisecond, 1_000_000: 20_000 * time.Second} {
		c := newWorld(Config{Agents: 1, Nodes: nodes})
		late := 0
		for range 100 {
			ttl := c.grant(&c.agents[0])
			if ttl < least || ttl >= 2*least {
				t.Errorf("%d nodes: %v", nodes, ttl)
			}
			if ttl >= least+least/2 {
				late++
			}
		}
		if late < 25 || late > 75 { // they are spread
			t.Errorf("%d nodes: %d of 100 in the later half", nodes, late)
		}
	}
}

func TestANodeIsMarkedDownWhenTheLeaderHasWaitedForTTLAndGrace(t *testing.T) {
	t.Parallel()
	c := newWorld(Config{Agents: 1})
	a := &c.agents[0]
	c.until(time.Second)
	c.noteBeat(a)
	a.ttl = 15 * time.Second
	late := func(at time.Duration, want int) {
		t.Helper()
		c.until(at)
		check(t, "missed after "+at.String(), c.Report().Missed, want)
	}
	late(26*time.Second, 0)
	late(26*time.Second+1, 1) // it does not come back by itself
	late(40*time.Second, 1)
	c.noteBeat(a)
	check(t, "missed when it is back", c.Report().Missed, 1)
	a.ttl = 15 * time.Second

	c.until(60 * time.Second)
	leader, _ := c.cluster.Leader()
	c.Kill(int(leader)) // it is the leader's timer, which would have run out in 5 s
	late(363*time.Second, 1)
	late(363*time.Second+1, 2) // 3 s of an election, and 300 s that the new leader waits
	c.noteBeat(a)
	a.ttl = 15 * time.Second
	late(388*time.Second+1, 2)
	late(388*time.Second+2, 3) // it has known the node since, and waits for the TTL
}
