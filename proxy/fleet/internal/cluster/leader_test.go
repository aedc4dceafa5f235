package cluster

import (
	"testing"
	"time"
)

func TestALeaderNeedsAMajority(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 1})
	leads := func(what string, want bool) {
		t.Helper()
		c.pass(Election)
		for n := range c.servers {
			if s := &c.servers[n]; s.Up && !s.Frozen && !s.Leaderless && c.HasLeader(int16(n)) != want {
				t.Errorf("%s: server %d knows a leader: %t", what, n, !want)
			}
		}
		if c.leader >= 0 && !c.servers[c.leader].Up {
			t.Errorf("%s: a dead server leads", what)
		}
	}
	leads("all are up", true)
	c.Kill(c.leader)
	check(t, "there is an Election", c.HasLeader(0) || c.HasLeader(1), false)
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
	c.Begin(0)
	leads("two of four", false)
	c.Begin(1)
	leads("three of five", true)
}

func TestAMinorityHasNoLeaderUntilTheOthersAreBack(t *testing.T) {
	t.Parallel()
	for servers, left := range map[int]int{1: 0, 3: 1, 4: 2, 5: 2, 7: 3} {
		c := newRig(Config{Agents: 1, Servers: servers})
		for n := left; n < servers; n++ {
			c.Kill(n)
		}
		check(t, "leader", c.leader, -1)
		c.BeginAll()
		c.until(Election - 1)
		check(t, "a leader at once", c.HasLeader(0), false)
		c.until(Election)
		check(t, "a leader", c.HasLeader(0), true)
	}
}

func TestServersThatJoinAreNamedAndThoseThatLeaveAreNot(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 1, Begin: 3, Forget: 10 * time.Second})
	named := func(what string, want int) {
		t.Helper()
		n := 0
		for i := range c.servers {
			if c.Named(i) {
				n++
			}
		}
		check(t, what, n, want)
	}
	named("at first", 3)
	c.Begin(3)
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
