package fleet

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

// Table writes the comparison for people: policies as columns, figures as rows, then what
// became of the expectations. Lines have up to 100 columns, but for those of findings.
// Figures are of the whole fleet. The error is w's.
func (c *Comparison) Table(w io.Writer) error {
	var b strings.Builder
	c.head(&b)
	fmt.Fprintf(&b, "%-20s", "")
	for _, r := range c.Runs {
		fmt.Fprintf(&b, "  %12v", r.Policy)
	}
	b.WriteString("\n")
	for _, f := range vocabulary {
		if row, is := c.row(f); is {
			b.WriteString(row + "\n")
		}
	}
	if n := len(c.Runs); c.Cut && n > 0 {
		fmt.Fprintf(&b, "\n  interrupted: %v got to %v of %v\n", c.Runs[n-1].Policy, c.Runs[n-1].Until.Round(time.Second), c.Scenario.Config.withDefaults().For)
	}
	if len(c.Results) > 0 {
		b.WriteString("\n")
	}
	for _, r := range c.Results {
		switch {
		case !r.Judged:
			fmt.Fprintf(&b, "  -     %s\n", r.Text)
		case len(r.Findings) == 0:
			fmt.Fprintf(&b, "  ok    %s\n", r.Text)
		}
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "  FAIL  %s\n", f)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// head says what was run.
func (c *Comparison) head(b *strings.Builder) {
	s, cfg := c.Scenario, c.Scenario.Config.withDefaults()
	b.WriteString(printable.Name(s.Name) + "\n")
	for line := range strings.SplitSeq(s.About, "\n") {
		if line != "" {
			b.WriteString("  " + printable.Line(line, 94) + "\n")
		}
	}
	fmt.Fprintf(b, "  %s clients", thousands(float64(cfg.Nodes)))
	if cfg.Nodes != cfg.Agents {
		fmt.Fprintf(b, " (%s of them simulated)", thousands(float64(cfg.Agents)))
	}
	fmt.Fprintf(b, ", %d servers, %s after a warm-up of %s, seed %d\n\n",
		cfg.Servers, script.ShowSpan(cfg.For), script.ShowSpan(cfg.Warm.Round(time.Millisecond)), c.Seed)
}

// row is one figure; there is none if it is one that tables leave out, unless the scenario
// expects something of it.
func (c *Comparison) row(f script.Figure) (string, bool) {
	wanted := f.Row
	for _, e := range c.Scenario.Expect {
		wanted = wanted || e.Figure.Name == f.Name
	}
	row, some := fmt.Sprintf("%-20s", f.Name), false
	for _, r := range c.Runs {
		shown := "-"
		if v, known := r.figure(f, 0, 0); known {
			shown, some = show(f, v), true
		}
		row += fmt.Sprintf("  %12s", shown)
	}
	return row, wanted && some
}

// show is a figure with its unit.
func show(f script.Figure, v float64) string {
	switch f.Unit {
	case script.Time:
		places := 2
		if v < 1 && v > 0 {
			places = 3
		}
		return strconv.FormatFloat(v, 'f', places, 64) + "s"
	case script.Ratio:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case script.Rate:
		if v < 100 && v > 0 {
			return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
		}
		return thousands(v) + "/s"
	default:
		return thousands(v)
	}
}

// thousands is a whole number with commas.
func thousands(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
