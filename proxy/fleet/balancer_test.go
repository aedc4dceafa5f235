package fleet

import (
	"slices"
	"testing"
	"time"
)

func TestABalancerLeadsToTheServersThatAreUpByTurns(t *testing.T) {
	t.Parallel()
	c := newCluster(Config{Agents: 40, Servers: 3, Balancer: true, RTT: rtt})
	lead := func(what string, want ...int) {
		t.Helper()
		c.until(c.now - c.cfg.Warm + 10*time.Second)
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
	check(t, "dials that met silence", c.ends(timedOut), 3)
	for i := range 21 {
		check(t, "an agent reaches its server", c.reaches(&c.agents[i], 0), c.balancer.to[i] > 0)
	}
	c.KillAll()
	c.dial(0, limit, 30)
	lead("none is up", 0, 0, 0)
	check(t, "refused", c.ended[30].how, refused)
	check(t, "named", len(c.heartbeats(&c.agents[0])), 1)
	check(t, "known", len(c.known), 1)
}

func TestStockAgentsBehindABalancerRun(t *testing.T) {
	t.Parallel()
	for policy := Shuffle; policy <= Stock; policy++ {
		cfg := Config{Agents: 300, Servers: 3, Policy: policy, Balancer: true, Seed: 1, Warm: 2 * time.Minute, For: time.Minute}
		cfg.Faults = []Fault{{10 * time.Second, func(f *Fleet) { f.Kill(1) }}}
		f, r := run(t, cfg)
		check(t, "the dead server", r.Active[1], 0)
		if n := r.Active[0] + r.Active[2]; n < 290 {
			t.Errorf("%v: %d agents are somewhere: %v", policy, n, r.Active)
		}
		s := f.Series()
		check(t, "series", len(s.Active), 3)
		check(t, "out", r.Out, 0)
	}
}
