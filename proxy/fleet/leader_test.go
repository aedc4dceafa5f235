package fleet

import (
	"testing"
	"time"
)

func TestALeaderNeedsAMajority(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1})
	leads := func(what string, want bool) {
		t.Helper()
		c.until(c.now - c.cfg.Warm + election)
		for n := range c.servers {
			if s := &c.servers[n]; s.up && !s.frozen && !s.leaderless && c.hasLeader(int16(n)) != want {
				t.Errorf("%s: server %d knows a leader: %t", what, n, !want)
			}
		}
		if c.leader >= 0 && !c.servers[c.leader].up {
			t.Errorf("%s: a dead server leads", what)
		}
	}
	leads("all are up", true)
	c.Kill(c.leader)
	check(t, "there is an election", c.hasLeader(0) || c.hasLeader(1), false)
	leads("one is dead", true)
	c.BeginAll()

	c.Kill(0)
	c.Freeze(1)
	leads("three of five", true)
	c.Leaderless(2, true)
	leads("two of five", false)
	c.Leaderless(2, false)
	leads("three again", true)
	c.Kill(3)
	leads("two of five", false)
	c.Thaw(1)
	leads("the frozen one is back", true)
	c.BeginAll()

	c.Leave(0)
	c.Leave(1)
	leads("three that are left", true)
	c.Kill(2)
	leads("two of three", true)
	c.Kill(3)
	leads("one of three", false)
	c.Join(0)
	leads("two of four", false)
	c.Join(1)
	leads("three of five", true)
}

func TestAMinorityHasNoLeaderUntilTheOthersAreBack(t *testing.T) {
	t.Parallel()
	for servers, left := range map[int]int{1: 0, 3: 1, 4: 2, 5: 2, 7: 3} {
		c := newCluster(Config{Agents: 1, Servers: servers})
		c.Minority()
		up := 0
		for n := range c.servers {
			if c.servers[n].up {
				up++
			}
		}
		check(t, "left", up, left)
		check(t, "leader", c.leader, -1)
		c.BeginAll()
		c.until(election - 1)
		check(t, "a leader at once", c.hasLeader(0), false)
		c.until(election)
		check(t, "a leader", c.hasLeader(0), true)
	}
}

func TestServersThatJoinAreNamedAndThoseThatLeaveAreNot(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1, Begin: 3, Forget: 10 * time.Second})
	named := func(what string, want int) {
		t.Helper()
		check(t, what, len(c.heartbeats(&c.agents[0])), want)
	}
	named("at first", 3)
	c.Join(3)
	named("one more", 4)
	c.Leave(0)
	named("one less", 3)
	c.Kill(1)
	c.until(9 * time.Second)
	named("one is dead", 3)
	c.until(10 * time.Second)
	named("it is forgotten", 2)
	c.Begin(1)
	c.Freeze(2)
	c.until(15 * time.Second)
	c.Thaw(2)
	c.Freeze(2)
	c.until(22 * time.Second)
	named("it is silent for less than that", 3)
	c.until(25 * time.Second)
	named("for long enough", 2)
	c.Thaw(2)
	named("it is back", 3)
}

func TestTheTTLGrowsWithTheFleet(t *testing.T) {
	t.Parallel()
	for nodes, least := range map[int]time.Duration{10: 10 * time.Second, 500: 10 * time.Second, 501: 10020 * time.Millisecond, 1_000_000: 20_000 * time.Second} {
		c := newCluster(Config{Agents: 1, Nodes: nodes})
		for range 100 {
			if ttl := c.grant(&c.agents[0]); ttl < least || ttl >= 2*least {
				t.Errorf("%d nodes: %v", nodes, ttl)
			}
		}
	}
}

func TestANodeIsMarkedDownWhenTheLeaderHasWaitedForTTLAndGrace(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 1})
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
	c.Kill(c.leader) // it is the leader's timer, which would have run out in 5 s
	late(363*time.Second, 1)
	late(363*time.Second+1, 2) // 3 s of an election, and 300 s that the new leader waits
	c.noteBeat(a)
	a.ttl = 15 * time.Second
	late(388*time.Second+1, 2)
	late(388*time.Second+2, 3) // it has known the node since, and waits for the TTL
}
