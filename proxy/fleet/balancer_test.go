package fleet

import (
	"testing"
	"time"
)

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
		if n := max(r.Active[0], r.Active[2]); n > 200 {
			t.Errorf("%v: one server has %d agents", policy, n)
		}
		s := f.Series()
		check(t, "the series' last", s.Active[2][len(s.Up)-1], r.Active[2])
		if n := s.Active[1][0]; n < 50 || n > 150 {
			t.Errorf("%v: %d agents are on one of three servers at first", policy, n)
		}
		check(t, "series", len(s.Active), 3)
		check(t, "out", r.Out, 0)
	}
}
