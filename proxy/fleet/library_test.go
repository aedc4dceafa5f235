package fleet

import (
	"bytes"
	"flag"
	"strconv"
	"strings"
	"testing"
)

var (
	long   = flag.String("fleet", "", "run these scenarios in their long form: names with commas, or all")
	seeds  = flag.Int("seeds", 1, "with so many seeds each")
	judges = flag.Bool("figures", false, "log the figures")
)

// chosen is the scenarios that the test runs, and in which form.
func chosen(t *testing.T) (names []string, short bool) {
	t.Helper()
	switch *long {
	case "":
		return Names(), true
	case "all":
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
			for seed := range *seeds {
				meets(t, s, uint64(seed)+1)
			}
		})
	}
}

func meets(t *testing.T, s *Scenario, seed uint64) {
	t.Helper()
	c, err := Compare(t.Context(), s, Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Failed() {
		t.Errorf("seed %s: %v", strconv.FormatUint(seed, 10), f)
	}
	if t.Failed() || *judges {
		var b bytes.Buffer
		if err := c.Table(&b); err != nil {
			t.Error(err)
		}
		t.Log("\n" + b.String())
	}
}
