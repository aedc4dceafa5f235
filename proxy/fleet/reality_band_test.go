//go:build reality

package fleet_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// course is what a fleet did, a real one or a simulated one: by server, then by second.
type course struct {
	dials   [][]int // connections that its kernel accepted
	refused [][]int
	active  []int // agents, by server, in the last second
}

// Of the simulated runs the first ones make the bands, each of which holds 98 % of them. The
// others are the jury: each is judged by the bands as the real run is.
const (
	bandSeeds = 50
	jurySeeds = 200
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
	limits misfits // what 99 % of the jury stay within
	jury   []misfits
}

// simulations runs a scenario with all seeds.
func simulations(s *fleet.Scenario) *bands {
	first, jury := simulatedCourses(s, 1, bandSeeds), simulatedCourses(s, 1+bandSeeds, jurySeeds)
	b := &bands{}
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
	all := make([][]int, len(names()))
	for _, c := range jury {
		b.jury = append(b.jury, b.misfits(c))
		for i, m := range b.misfits(c) {
			all[i] = append(all[i], m)
		}
	}
	for _, values := range all {
		b.limits = append(b.limits, bandOf(values).high)
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

// misfits is how far a course is outside of its bands: of each figure over time in how many
// seconds, and by how many dials in all of them; of each one of the whole run by how much.
type misfits []int

func (b *bands) misfits(c *course) (all misfits) {
	for l, line := range c.lines() {
		outside, away := 0, 0
		for i, v := range line {
			if by := b.lines[l][i].away(v); by > 0 {
				outside++
				away += by
			}
		}
		all = append(all, outside, away)
	}
	for w, v := range c.wholes() {
		all = append(all, b.wholes[w].away(v))
	}
	return all
}

// names are those of misfits.
func names() (all []string) {
	for _, name := range lineNames {
		all = append(all, name+": seconds outside", name+": dials outside")
	}
	return append(all, wholeNames...)
}

// verdict is what the bands say of a course.
type verdict struct {
	*bands
	of      *course
	misfits misfits
}

func (b *bands) judge(c *course) verdict { return verdict{b, c, b.misfits(c)} }

// outside are the misfits that hardly any simulated run has. That of a second, of which there are
// hundreds, would be outside of its band by chance in some of them: so none is judged by
// itself, and no bound is anybody's guess.
func (b *bands) outside(m misfits) (all []string) {
	for i, name := range names() {
		if m[i] > b.limits[i] {
			all = append(all, name)
		}
	}
	return all
}

func (v verdict) outside() []string { return v.bands.outside(v.misfits) }

// inBoth are the names that are in both lists.
func inBoth(a, b []string) (all []string) {
	for _, name := range a {
		if slices.Contains(b, name) {
			all = append(all, name)
		}
	}
	return all
}

// String is a table of the misfits, and the seconds in which one is outside.
func (v verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-42s %6s %12s %8s %8s\n", "figure", "it is", "98% band", "outside", "allowed")
	for i, name := range names() {
		is, of := "", ""
		if w := i - 2*len(lineNames); w >= 0 {
			is, of = fmt.Sprint(v.of.wholes()[w]), v.wholes[w].String()
		}
		fmt.Fprintf(&b, "%-42s %6s %12s %8d %8d\n", name, is, of, v.misfits[i], v.limits[i])
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
