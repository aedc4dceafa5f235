package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// benchReport is the figures of the command bench, or of one of its callers.
type benchReport struct {
	method    string
	callers   int
	took      time.Duration // from the begin of the first call to the end of the last
	latencies histogram     // of answered calls
	failed    int64
	reasons   map[string]int64 // failed calls by reason
}

// maxReasons is how many reasons are counted apart; calls with others share one.
const (
	maxReasons   = 20
	otherReasons = "for other reasons"
)

func newBenchReport(method string, callers int) *benchReport {
	return &benchReport{method: method, callers: callers, reasons: map[string]int64{}}
}

// add counts a call, unless ctx has ended it.
func (r *benchReport) add(ctx context.Context, took time.Duration, err error) {
	switch {
	case err == nil:
		r.latencies.add(took)
	case ctx.Err() == nil:
		r.fail(benchReason(err), 1)
	}
}

func (r *benchReport) fail(reason string, calls int64) {
	r.failed += calls
	if r.reasons[reason] == 0 && len(r.reasons) >= maxReasons {
		reason = otherReasons
	}
	r.reasons[reason] += calls
}

// merge adds the calls of another caller.
func (r *benchReport) merge(part *benchReport) {
	r.latencies.merge(&part.latencies)
	for _, reason := range part.sortedReasons() {
		r.fail(reason, part.reasons[reason])
	}
}

// benchReason is the server, the phase and the cause of a failed call.
func benchReason(err error) string {
	if c, ok := errors.AsType[*proxy.CallError](err); ok && c.Server != "" {
		return printable.Name(c.Server) + ": " + reason(err)
	}
	return reason(err)
}

// sortedReasons are the reasons, the most frequent first.
func (r *benchReport) sortedReasons() []string {
	return slices.SortedFunc(maps.Keys(r.reasons), func(a, b string) int {
		if n, m := r.reasons[a], r.reasons[b]; n != m {
			return cmp.Compare(m, n)
		}
		return strings.Compare(a, b)
	})
}

// rate is the answered calls in a second.
func (r *benchReport) rate() float64 {
	if r.took <= 0 {
		return 0
	}
	return float64(r.latencies.n) / r.took.Seconds()
}

// text writes the figures for people: a table, and a line for each reason.
func (r *benchReport) text(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METHOD\tCALLERS\tANSWERED\tFAILED\tCALLS/S\tMIN\tP50\tP90\tP99\tMAX")
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%.1f", printable.Name(r.method), r.callers, r.latencies.n, r.failed, r.rate())
	for _, d := range r.latencies.figures() {
		if r.latencies.n == 0 {
			fmt.Fprint(table, "\t-")
			continue
		}
		fmt.Fprintf(table, "\t%s", brief(d))
	}
	fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, reason := range r.sortedReasons() {
		if _, err := fmt.Fprintf(w, "%d failed: %s\n", r.reasons[reason], reason); err != nil {
			return err
		}
	}
	return nil
}

// json writes the figures for programs: one object on one line. Latencies are null
// if no call was answered.
func (r *benchReport) json(w io.Writer) error {
	type failure struct {
		Reason string `json:"reason"`
		Calls  int64  `json:"calls"`
	}
	out := struct {
		Method   string         `json:"method"`
		Callers  int            `json:"callers"`
		Seconds  float64        `json:"seconds"`
		Answered int64          `json:"answered"`
		Failed   int64          `json:"failed"`
		Rate     float64        `json:"calls_per_second"`
		Min      *time.Duration `json:"min_ns"`
		P50      *time.Duration `json:"p50_ns"`
		P90      *time.Duration `json:"p90_ns"`
		P99      *time.Duration `json:"p99_ns"`
		Max      *time.Duration `json:"max_ns"`
		Reasons  []failure      `json:"reasons"`
	}{
		Method: r.method, Callers: r.callers, Seconds: r.took.Seconds(),
		Answered: r.latencies.n, Failed: r.failed, Rate: r.rate(), Reasons: []failure{},
	}
	if r.latencies.n > 0 {
		f := r.latencies.figures()
		out.Min, out.P50, out.P90, out.P99, out.Max = &f[0], &f[1], &f[2], &f[3], &f[4]
	}
	for _, reason := range r.sortedReasons() {
		out.Reasons = append(out.Reasons, failure{reason, r.reasons[reason]})
	}
	return writeJSON(w, out, "")
}
