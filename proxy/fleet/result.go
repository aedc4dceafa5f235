package fleet

import (
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

// Result is what became of an expectation.
type Result struct {
	Expectation
	Findings []Finding // empty: it holds for every policy that it is about
	Judged   bool      // it is about one that was run
}

// Finding is an expectation that does not hold for a policy. Figures are those of the whole
// fleet, times in seconds.
type Finding struct {
	Scenario string
	Policy   Policy
	Figure   string
	Got      float64
	Known    bool    // there is such a figure: nobody's outage has no length
	Wanted   float64 // what it is compared with
	By       float64 // how far Got is from it
	Line     int
	Text     string // the expectation

	about script.Figure
}

// String is the finding in one printable line.
func (f Finding) String() string {
	where := fmt.Sprintf("%s:%d, %v: %s: ", printable.Name(f.Scenario), f.Line, f.Policy, f.Text)
	if !f.Known {
		return where + "there was none"
	}
	direction := "more"
	if f.By < 0 {
		direction = "less"
	}
	by := show(f.about, max(f.By, -f.By))
	if f.Wanted > 0 {
		by += fmt.Sprintf(" (%.0f%%)", 100*max(f.By, -f.By)/f.Wanted)
	}
	return fmt.Sprintf("%sgot %s, wanted %s, that is %s %s", where, show(f.about, f.Got), show(f.about, f.Wanted), by, direction)
}

// Failed is the findings, by line and policy. There is none if all expectations hold for
// the policies that were run.
func (c *Comparison) Failed() []Finding {
	var all []Finding
	for _, r := range c.Results {
		all = append(all, r.Findings...)
	}
	return all
}

// judge looks at the expectations, as far as they are about policies that were asked for.
func (c *Comparison) judge(asked []Policy) {
	for _, e := range c.Scenario.Expect {
		r := Result{Expectation: e}
		for _, p := range asked {
			run, is := c.of(p)
			if !is || !e.Expect.About(p.String()) {
				continue
			}
			r.Judged = true
			if f, holds := c.finding(e, run); !holds {
				r.Findings = append(r.Findings, f)
			}
		}
		c.Results = append(c.Results, r)
	}
}

// finding compares one figure with what it must be.
func (c *Comparison) finding(e Expectation, run Run) (Finding, bool) {
	f := Finding{Scenario: c.Scenario.Name, Policy: run.Policy, Figure: e.Figure.Name, Line: e.Line, Text: e.Text, about: e.Figure}
	f.Got, f.Known = run.figure(e.Figure, e.After, e.Before)
	known := f.Known
	switch v := e.Value; {
	case v.Policy != "":
		p, _ := policyOf(v.Policy)
		other, _ := c.of(p)
		f.Wanted, known = other.figure(e.Figure, e.After, e.Before)
		known = known && f.Known
	case v.Time > 0:
		f.Wanted = v.Time.Seconds()
	case v.Percent:
		f.Wanted = float64(v.Number.Float() / 100 * float64(c.Scenario.Config.Nodes))
	default:
		f.Wanted = v.Number.Float()
	}
	f.By = f.Got - f.Wanted
	holds := false
	switch e.Op {
	case "<=":
		holds = f.Got <= f.Wanted
	case "<":
		holds = f.Got < f.Wanted
	case ">=":
		holds = f.Got >= f.Wanted
	case ">":
		holds = f.Got > f.Wanted
	case "=":
		holds = max(f.By, -f.By) <= f.Wanted*float64(e.Within)/100
	}
	return f, holds && known
}

// figure is a figure of the whole fleet, from a time of the run on and up to another one,
// if that is not zero. It is not known where there was nothing that it could be about.
func (r Run) figure(f script.Figure, after, before time.Duration) (float64, bool) {
	report := r.Report
	if before > 0 {
		report = report.until(before)
	}
	value, known := report.Figure(f.Name, after)
	kind, _, _ := strings.Cut(f.Name, ".")
	switch {
	case kind == "imbalance": // of servers that are up
		known = known && value > 0
	case f.Unit != script.Time:
	case kind == "outage":
		n, _ := report.Figure("outages", after)
		known = known && n > 0
	case kind == "left":
		known = known && report.Leave.Count > 0
	case kind == "gap":
		known = known && report.Gap.Count > 0
	case kind == "first":
		known = known && report.First.Count > 0
	case value < 0:
		known = false
	}
	if f.Grows() {
		value = float64(value * r.scale) // not fused with what follows, so that platforms agree
	}
	return value, known
}
