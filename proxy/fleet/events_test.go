package fleet

import "testing"

// together are the scenarios whose events are taken out together, and why.
var together = map[string]string{
	"flap": "one of seven crashes in a row is lost in the chance of the others",
}

// without is the scenario in which nothing happens of what a line says, or at all where line
// is 0. What it expects stays.
func (s *Scenario) without(line int) *Scenario {
	c := *s
	c.Config.Faults = nil
	for i, m := range s.Marks {
		if line != 0 && m.line != line {
			c.Config.Faults = append(c.Config.Faults, s.Config.Faults[i])
		}
	}
	return &c
}

// Where less happens than a scenario says, an expectation must fail; else it would hold, too,
// if nothing came of that.
func TestEachEventOfTheLibraryIsNoticed(t *testing.T) {
	names, short := chosen(t)
	for _, name := range names {
		s, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		if short {
			s = s.Short()
		}
		lines := map[int]string{}
		for _, m := range s.Marks {
			if lines[m.line] = m.Text; together[name] != "" {
				lines = map[int]string{0: "all events"}
			}
		}
		for line, text := range lines {
			t.Run(name+" without "+text, func(t *testing.T) {
				t.Parallel()
				for _, p := range []Policy{Rendezvous, Shuffle} { // the calmer one first
					c, err := Compare(t.Context(), s.without(line), Options{Policies: []Policy{p}})
					if err != nil {
						t.Fatal(err)
					}
					if len(c.Failed()) > 0 {
						return
					}
				}
				t.Error("it was not noticed")
			})
		}
	}
}
