package fleet

import (
	"testing"
	"time"
)

// What was measured with a cluster of three servers of Nomad 2.0.6 and a dozen of its
// agents: with a server that is killed none of them misses a heartbeat, with one that is
// frozen 8 of 12 do, and with one that cannot be reached 10 of 12.
func TestStockAgentsFareAsThoseThatWereMeasured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault       func(f *Fleet, n int)
		least, most float64
	}{
		"killed":   {(*Fleet).Kill, 0, 0},
		"frozen":   {(*Fleet).Freeze, .5, .95},
		"cut off":  {func(f *Fleet, n int) { f.Cut(n, 100) }, .5, .95},
		"hung":     {(*Fleet).Hang, 1, 2}, // and those that come to it meanwhile
		"restored": {func(f *Fleet, n int) { f.Freeze(n); f.Thaw(n) }, 0, 0},
	} {
		on := 0
		_, r := run(t, Config{
			Agents: 600, Servers: 3, Seed: 1, Policy: Stock, Warm: 4 * time.Minute, For: 3 * time.Minute,
			Faults: []Fault{{faultAt, func(f *Fleet) {
				leader, _ := f.cluster.Leader()
				n := int(leader+1) % 3
				on = f.servers[n].active
				c.fault(f, n)
			}}},
		})
		if part := float64(r.Missed) / float64(on); part < c.least || part > c.most {
			t.Errorf("%s: %d of %d missed a heartbeat", name, r.Missed, on)
		}
	}
}
