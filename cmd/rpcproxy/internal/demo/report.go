package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// report is what the demo found out.
type report struct {
	accounts []*account // settled, in the order of the acts
	actives  []string   // the server in use at the end of each act
	leaked   int        // goroutines left when everything was stopped
}

// add takes a settled account and answers its line.
func (r *report) add(a *account) string {
	r.accounts = append(r.accounts, a)
	return fmt.Sprintf("%-28s %6d calls %4d failed   worst gap %5d ms   active %s",
		a.name, a.calls, a.failed, a.worst.Milliseconds(), r.actives[len(r.accounts)-1])
}

func (r *report) totals() (calls, failed int) {
	for _, a := range r.accounts {
		calls, failed = calls+a.calls, failed+a.failed
	}
	return calls, failed
}

// causes says for each act why its first failed calls did.
func (r *report) causes() (lines []string) {
	for _, a := range r.accounts {
		for _, err := range a.causes {
			lines = append(lines, fmt.Sprintf("%s: %v", a.name, err))
		}
	}
	return lines
}

// verdict is nil if nothing was lost and nothing left.
func (r *report) verdict() error {
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

// table writes the report for people.
func (r *report) table(w io.Writer) error {
	calls, failed := r.totals()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-28s %9s %9s %12s\n", "act", "calls", "failed", "worst gap")
	for _, a := range r.accounts {
		fmt.Fprintf(&b, "%-28s %9d %9d %9d ms\n", a.name, a.calls, a.failed, a.worst.Milliseconds())
	}
	fmt.Fprintf(&b, "%-28s %9d %9d\n\n", "all", calls, failed)
	fmt.Fprintf(&b, "%d of %d calls lost, %d goroutines left\n", failed, calls, r.leaked)
	_, err := io.WriteString(w, b.String())
	return err
}

// json writes the report for programs: one object on one line.
func (r *report) json(w io.Writer) error {
	type line struct {
		Name       string `json:"name"`
		Calls      int    `json:"calls"`
		Failed     int    `json:"failed"`
		WorstGapMS int64  `json:"worst_gap_ms"`
	}
	var out struct {
		Acts   []line `json:"acts"`
		Calls  int    `json:"calls"`
		Failed int    `json:"failed"`
		Leaked int    `json:"goroutines_leaked"`
	}
	for _, a := range r.accounts {
		out.Acts = append(out.Acts, line{a.name, a.calls, a.failed, a.worst.Milliseconds()})
	}
	out.Calls, out.Failed = r.totals()
	out.Leaked = r.leaked
	return json.NewEncoder(w).Encode(out)
}
