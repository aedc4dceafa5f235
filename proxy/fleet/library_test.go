package fleet

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"
)

var (
	long       = flag.String("fleet", "", "run these scenarios in their long form: names with commas, or all")
	seeds      = flag.Int("seeds", 1, "with so many seeds each")
	figuresToo = flag.Bool("figures", false, "log the figures")
)

// chosen is the scenarios that the test runs, and in which form.
func chosen(t *testing.T) (names []string, short bool) {
	t.Helper()
	switch {
	case *long == "" && raced: // a run is one goroutine's: these show that
		return []string{"kill", "consul", "balancer"}, true
	case *long == "":
		return Names(), true
	case *long == "all":
		return Names(), false
	default:
		return strings.Split(*long, ","), false
	}
}

func TestTheExpectationsOfTheLibraryHold(t *testing.T) {
	names, short := chosen(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s, err := Named(name)
			if err != nil {
				t.Fatal(err)
			}
			if short {
				s = s.Short()
			}
			got := make(ranges)
			for seed := range *seeds {
				runs(t, s, uint64(seed)+1, got)
			}
			if *seeds > 1 {
				got.log(t, s)
			}
		})
	}
}

// runs runs a scenario and reports its findings.
func runs(t *testing.T, s *Scenario, seed uint64, got ranges) {
	t.Helper()
	c, err := Compare(t.Context(), s, Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	got.add(c)
	for _, f := range c.Failed() {
		t.Errorf("seed %d: %v", seed, f)
	}
	if *figuresToo || t.Failed() && *seeds == 1 {
		var b bytes.Buffer
		if err := c.Table(&b); err != nil {
			t.Error(err)
		}
		t.Log("\n" + b.String())
	}
}

// ranges are the least and the most of what expectations got, by line and policy.
type ranges map[[2]int][2]float64

func (r ranges) add(c *Comparison) {
	for _, e := range c.Scenario.Expect {
		for _, run := range c.Runs {
			v, _ := run.figure(e.Figure, e.After, e.Before)
			key := [2]int{e.Line, int(run.Policy)}
			before, is := r[key]
			if !is {
				before = [2]float64{v, v}
			}
			r[key] = [2]float64{min(before[0], v), max(before[1], v)}
		}
	}
}

func (r ranges) log(t *testing.T, s *Scenario) {
	t.Helper()
	for _, e := range s.Expect {
		text := fmt.Sprintf("%-50s", e.Text)
		for p := Shuffle; p <= Stock; p++ {
			if of, is := r[[2]int{e.Line, int(p)}]; is {
				text += fmt.Sprintf("  %v %.4g..%.4g", p, of[0], of[1])
			}
		}
		t.Log(text)
	}
}

// Each scenario says in two lines what it is for, and expects something in both of its forms.
func TestEachScenarioOfTheLibrarySaysWhatItIsFor(t *testing.T) {
	for _, name := range Names() {
		s, err := Named(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.Count(s.About, "\n") != 1 {
			t.Errorf("%s: its comment has not two lines:\n%s", name, s.About)
		}
		if short := s.Short(); len(s.Expect) == 0 || len(short.Expect) == 0 || short.Config.Agents > 2000 {
			t.Errorf("%s: %d expectations, %d in short, which simulates %d", name, len(s.Expect), len(short.Expect), short.Config.Agents)
		}
		if again, err := Parse(name, []byte(s.String())); err != nil || again.String() != s.String() {
			t.Errorf("%s: %v", name, err)
		}
	}
}
