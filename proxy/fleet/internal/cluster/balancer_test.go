package cluster

import (
	"slices"
	"testing"
	"time"
)

func TestABalancerLeadsToTheServersThatAreUpByTurns(t *testing.T) {
	t.Parallel()
	c := newRig(Config{Agents: 40, Servers: 3, Balancer: true, RTT: rtt})
	lead := func(what string, want ...int) {
		t.Helper()
		c.pass(10 * time.Second)
		if !slices.Equal(c.balancer.each, want) {
			t.Errorf("%s: %v, want %v", what, c.balancer.each, want)
		}
	}
	c.dial(0, limit, those(0, 9)...)
	lead("three are up", 3, 3, 3)
	c.Kill(1)
	lead("one is dead", 3, 0, 3)
	c.dial(0, limit, those(9, 15)...)
	lead("two are up", 6, 0, 6)
	c.Begin(1)
	c.dial(0, limit, those(15, 21)...)
	lead("three again: nothing moves", 8, 2, 8)
	c.Freeze(0)
	c.dial(0, limit, those(21, 30)...)
	lead("one is frozen, and takes its turn", 8, 5, 11)
	check(t, "dials that met silence", c.count(TimedOut), 3)
	for i := range int32(21) {
		check(t, "an agent reaches its server", c.Reaches(i, 0), c.balancer.to[i] > 0)
	}
	c.KillAll()
	c.dial(0, limit, 30)
	lead("none is up", 0, 0, 0)
	check(t, "refused", c.ended[30].how, Refused)
	check(t, "the address is named", c.Named(0), true)
	check(t, "a server is named", c.Named(1), false)
}
