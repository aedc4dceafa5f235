package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Report is the result of a demo.
type Report struct {
	counts  []*count // settled, in the order of the steps
	actives []string // the active server at the end of each step
	leaked  int      // goroutines left after everything was stopped
	cut     bool     // the last step was interrupted
}

// add adds a settled count and returns its line, which fits into 80 columns: all servers are
// at one address, so the port of the active one will do.
func (r *Report) add(c *count) string {
	r.counts = append(r.counts, c)
	_, port, _ := strings.Cut(r.actives[len(r.counts)-1], ":")
	return fmt.Sprintf("%-27s %6d calls %3d lost, gap %5d ms, active :%s",
		c.name, c.calls, c.failed, c.worst.Milliseconds(), port)
}

func (r *Report) totals() (calls, failed int) {
	for _, c := range r.counts {
		calls, failed = calls+c.calls, failed+c.failed
	}
	return calls, failed
}

// Held reports whether all steps have ended, and the demo was held after them.
func (r *Report) Held() bool {
	return len(r.counts) > 0 && r.counts[len(r.counts)-1].name == heldStep
}

// Causes is a line for each of the first failed calls of each step.
func (r *Report) Causes() (lines []string) {
	for _, c := range r.counts {
		for _, err := range c.causes {
			lines = append(lines, fmt.Sprintf("%s: %v", c.name, err))
		}
	}
	return lines
}

// Verdict is nil if no call was lost and no goroutine is left.
func (r *Report) Verdict() error {
	var wrong []string
	if calls, failed := r.totals(); failed > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d calls were lost", failed, calls))
	}
	if r.leaked > 0 {
		wrong = append(wrong, fmt.Sprintf("%d goroutines were left", r.leaked))
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(wrong, ", "))
}

// Table writes the report for people.
func (r *Report) Table(w io.Writer) error {
	calls, failed := r.totals()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-28s %9s %9s %12s\n", "scenario", "calls", "failed", "worst gap")
	for _, c := range r.counts {
		fmt.Fprintf(&b, "%-28s %9d %9d %9d ms\n", c.name, c.calls, c.failed, c.worst.Milliseconds())
	}
	fmt.Fprintf(&b, "%-28s %9d %9d\n\n", "all", calls, failed)
	fmt.Fprintf(&b, "%d of %d calls lost, %d goroutines left\n", failed, calls, r.leaked)
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes the report for programs: one object on one line. Its key "acts", for
// the steps, stays as programs know it. A demo that was interrupted says so, and its last step
// has the calls up to then.
func (r *Report) JSON(w io.Writer) error {
	type line struct {
		Name       string `json:"name"`
		Calls      int    `json:"calls"`
		Failed     int    `json:"failed"`
		WorstGapMS int64  `json:"worst_gap_ms"`
	}
	var out struct {
		Steps  []line `json:"acts"`
		Calls  int    `json:"calls"`
		Failed int    `json:"failed"`
		Leaked int    `json:"goroutines_leaked"`
		Cut    bool   `json:"interrupted,omitempty"`
	}
	for _, c := range r.counts {
		out.Steps = append(out.Steps, line{c.name, c.calls, c.failed, c.worst.Milliseconds()})
	}
	if out.Steps == nil {
		out.Steps = []line{}
	}
	out.Calls, out.Failed = r.totals()
	out.Leaked, out.Cut = r.leaked, r.cut && !r.Held()
	return json.NewEncoder(w).Encode(out)
}
