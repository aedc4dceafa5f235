package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// report is the result of a soak.
type report struct {
	Seed     uint64         `json:"seed"`
	Duration time.Duration  `json:"duration_ns"`
	Callers  int            `json:"callers"`
	Faults   map[string]int `json:"faults"`
	Skipped  int            `json:"ticks_without_fault"`

	Calls    map[string]tally `json:"calls"`
	Repeated int              `json:"idempotent_executed_twice"`
	WorstGap time.Duration    `json:"worst_gap_ns"`
	GapFault []string         `json:"faults_in_the_worst_gap"`
	Planted  int              `json:"unreadable_answers_at_most"`

	HeapStart  uint64     `json:"heap_start_bytes"`
	HeapMiddle uint64     `json:"heap_middle_bytes"`
	HeapEnd    uint64     `json:"heap_end_bytes"`
	HeapJudged bool       `json:"heap_judged"` // the soak was long enough
	Goroutines int        `json:"goroutines_most"`
	Leaked     int        `json:"goroutines_leaked"`
	Pool       pool.Stats `json:"pool"`

	Breaches map[string]int `json:"breaches"`
	Errors   []string       `json:"errors"` // the first few of each sort

	breaches breaches
}

// calls takes over what the ledger knows.
func (r *report) calls(p *page) {
	r.Calls = make(map[string]tally)
	for g := range groups {
		r.Calls[g.String()] = p.calls[g]
	}
	r.Repeated, r.WorstGap = p.repeated, p.worst
	for line := range strings.Lines(p.gapAmid) {
		if line = strings.TrimSpace(line); line != "" {
			r.GapFault = append(r.GapFault, line)
		}
	}
}

// faults takes over what the chaos knows. An unreadable answer that no fault
// explains is a breach.
func (r *report) faults(c *chaos) {
	r.Faults, r.Skipped, r.Planted = make(map[string]int), c.skipped, c.planted
	for k := range kinds {
		r.Faults[k.String()] = c.counts[k]
	}
	seen := 0
	for _, t := range r.Calls {
		seen += t.Unreadable
	}
	if seen > c.planted {
		r.breaches.add(unexplained, "%d answers could not be read, faults account for %d", seen, c.planted)
	}
}

// close sums up.
func (r *report) close() {
	r.Breaches = make(map[string]int)
	for b := range breachKinds {
		r.Breaches[b.String()] = r.breaches.counts[b]
	}
	r.Errors = r.breaches.texts
}

// json writes the report as one object on one line.
func (r *report) json(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// text writes the report for people.
func (r *report) text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, %d callers, %v\n\nfaults:", r.Seed, r.Callers, r.Duration)
	total := 0
	for k := range kinds {
		fmt.Fprintf(&b, " %v %d,", k, r.Faults[k.String()])
		total += r.Faults[k.String()]
	}
	fmt.Fprintf(&b, " all %d; ticks without one %d\n\n", total, r.Skipped)
	fmt.Fprintf(&b, "%-16s %9s %9s %9s %9s %9s %9s\n", "calls", "all", "succeeded", "maybe ex.", "not ex.", "unreadab.", "broken")
	for g := range groups {
		t := r.Calls[g.String()]
		fmt.Fprintf(&b, "%-16v %9d %9d %9d %9d %9d %9d\n", g, t.Calls, t.Succeeded, t.MaybeExecuted, t.NotExecuted, t.Unreadable, t.Broken)
	}
	fmt.Fprintf(&b, "\nidempotent calls executed more than once, as they may be: %d\n", r.Repeated)
	fmt.Fprintf(&b, "unreadable answers that faults gave: %d at most\n", r.Planted)
	fmt.Fprintf(&b, "worst gap between two successful calls: %v\n", r.WorstGap.Round(time.Millisecond))
	for _, line := range r.GapFault {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	fmt.Fprintf(&b, "heap: %.1f MiB at the start, %.1f in the middle, %.1f at the end\n", mebi(r.HeapStart), mebi(r.HeapMiddle), mebi(r.HeapEnd))
	if !r.HeapJudged {
		fmt.Fprintf(&b, "      (not judged: that takes %v)\n", judgeable)
	}
	fmt.Fprintf(&b, "goroutines: %d at most, %d leaked\npool: %+v\n\nbreaches:", r.Goroutines, r.Leaked, r.Pool)
	for k := range breachKinds {
		fmt.Fprintf(&b, " %v %d,", k, r.breaches.counts[k])
	}
	fmt.Fprintf(&b, " all %d\n", r.breaches.total())
	for _, text := range r.Errors {
		fmt.Fprintf(&b, "%s\n", text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mebi(n uint64) float64 { return float64(n) / (1 << 20) }
