//go:build reality

package fleet_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// course is what a fleet did, a real one or a simulated one: by server, then by second.
type course struct {
	dials   [][]int // connections that its kernel accepted
	refused [][]int
	active  []int // agents, by server, in the last second
}

// Of the simulated runs the first ones make the band, which holds 98 % of them. The
// others are the jury: each is judged by the band as the real run is.
const (
	bandSeeds = 50
	jurySeeds = 1000
)

// simulatedCourse is that of one seed; change changes the configuration if it is not nil.
func simulatedCourse(s *fleet.Scenario, seed uint64, change func(*fleet.Config)) *course {
	cfg := s.Config
	cfg.Seed = seed
	if change != nil {
		change(&cfg)
	}
	f := fleet.New(cfg)
	f.Run()
	of := f.Series()
	c := &course{dials: of.Dials, refused: of.Refused}
	for _, active := range of.Active {
		c.active = append(c.active, active[len(active)-1])
	}
	return c
}

// The names of a course's figures: of those over time, and of those of the whole run.
var (
	lineNames  = []string{"dials a second", "refused a second", "dials a second and server"}
	wholeNames = []string{"dials", "refused", "largest share", "smallest share"}
)

// lines are the figures over time. That of the servers is one after the other, with a gap
// between two of them, since a second is compared with its neighbours.
func (c *course) lines() [][]int {
	dials, refused := make([]int, len(c.dials[0])), make([]int, len(c.dials[0]))
	var each []int
	for n := range c.dials {
		for i := range dials {
			dials[i] += c.dials[n][i]
			refused[i] += c.refused[n][i]
		}
		each = append(append(each, c.dials[n]...), 0)
	}
	return [][]int{dials, refused, each}
}

// wholes are the figures of the whole run.
func (c *course) wholes() []int {
	dials, refused := 0, 0
	for i, n := range c.lines()[0] {
		dials += n
		refused += c.lines()[1][i]
	}
	return []int{dials, refused, slices.Max(c.active), slices.Min(c.active)}
}

// band is from the 1st to the 99th percentile.
type band struct{ low, high int }

func bandOf(values []int) band {
	slices.Sort(values)
	out := len(values) / 100
	return band{values[out], values[len(values)-1-out]}
}

// away is how far a value is outside.
func (b band) away(v int) int { return max(b.low-v, v-b.high, 0) }

// bands are those of the first seeds, and what the jury makes of them.
type bands struct {
	lines  [][]band // by line, then by second
	wholes []band
	worst  []int // by figure: the worst of the jury
}

// simulations runs a scenario with all seeds.
func simulations(s *fleet.Scenario) *bands {
	first, jury := simulatedCourses(s, 1, bandSeeds), simulatedCourses(s, 1+bandSeeds, jurySeeds)
	b := &bands{worst: make([]int, len(lineNames)+len(wholeNames))}
	for l := range lineNames {
		b.lines = append(b.lines, lineBand(first, l))
	}
	for w := range wholeNames {
		var values []int
		for _, c := range first {
			values = append(values, c.wholes()[w])
		}
		b.wholes = append(b.wholes, bandOf(values))
	}
	for _, c := range jury {
		for i, m := range b.misfits(c) {
			b.worst[i] = max(b.worst[i], m)
		}
	}
	return b
}

// simulatedCourses are those of so many seeds, on as many processors as there are.
func simulatedCourses(s *fleet.Scenario, first uint64, count int) []*course {
	all := make([]*course, count)
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(count); i = next.Add(1) - 1 {
				all[i] = simulatedCourse(s, first+uint64(i), nil)
			}
		})
	}
	group.Wait()
	return all
}

// lineBand is the band of a figure over time. That of a second reaches as far as those of its
// neighbours: the seconds of two clocks do not begin together.
func lineBand(all []*course, l int) []band {
	var lines [][]int
	for _, c := range all {
		lines = append(lines, c.lines()[l])
	}
	own := make([]band, len(lines[0]))
	for i := range own {
		var values []int
		for _, of := range lines {
			values = append(values, of[i])
		}
		own[i] = bandOf(values)
	}
	wide := slices.Clone(own)
	for i := range wide {
		for _, b := range own[max(i-1, 0):min(i+2, len(own))] {
			wide[i] = band{min(wide[i].low, b.low), max(wide[i].high, b.high)}
		}
	}
	return wide
}

// misfits is how far a course is outside, by figure: of one over time the number of seconds in
// which it is outside its band, of one of the whole run how far. The real one must not be farther outside
// than the farthest of the jury. So no bound is anybody's guess.
func (b *bands) misfits(c *course) (all []int) {
	for l, line := range c.lines() {
		outside := 0
		for i, v := range line {
			if b.lines[l][i].away(v) > 0 {
				outside++
			}
		}
		all = append(all, outside)
	}
	for w, v := range c.wholes() {
		all = append(all, b.wholes[w].away(v))
	}
	return all
}

// verdict is what the bands say of a course.
type verdict struct {
	*bands
	of      *course
	misfits []int
}

func (b *bands) judge(c *course) verdict { return verdict{b, c, b.misfits(c)} }

// fits reports whether the course is as the simulated ones are.
func (v verdict) fits() bool {
	for i, m := range v.misfits {
		if m > v.worst[i] {
			return false
		}
	}
	return true
}

// check fails a test whose course does not fit.
func (v verdict) check(t *testing.T) {
	t.Helper()
	if !v.fits() {
		t.Errorf("reality is not as it is simulated:\n%s", v)
		return
	}
	t.Logf("\n%s", v)
}

// String is a table of the figures, and the seconds in which one is outside.
func (v verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-26s %10s %12s %10s %12s\n", "figure", "it is", "98% band", "outside", "worst of all")
	for l, name := range lineNames {
		fmt.Fprintf(&b, "%-26s %10s %12s %9ds %11ds\n", name, "", "", v.misfits[l], v.worst[l])
	}
	for w, name := range wholeNames {
		i := len(lineNames) + w
		fmt.Fprintf(&b, "%-26s %10d %12s %10d %12d\n", name, v.of.wholes()[w], v.wholes[w], v.misfits[i], v.worst[i])
	}
	for l, line := range v.of.lines()[:len(lineNames)-1] {
		for i, n := range line {
			if band := v.lines[l][i]; band.away(n) > 0 {
				fmt.Fprintf(&b, "%s: %d at %ds, not %s\n", lineNames[l], n, i, band)
			}
		}
	}
	return b.String()
}

func (b band) String() string { return fmt.Sprintf("%d to %d", b.low, b.high) }
