package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// names writes the names alone.
func names(w io.Writer, results []result) error {
	for _, r := range results {
		if _, err := fmt.Fprintln(w, r.Name); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes the results as one array, on one line.
func writeJSON(w io.Writer, results []result) error { return json.NewEncoder(w).Encode(results) }

// table writes the results for people, then the breaches.
func table(w io.Writer, results []result) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "scenario\tMiB\tof\tgoroutines\tof\tfiles\tof\tCPU\tMiB in\tcalls\tfailed\tworks\ttook") // a Builder takes all
	for _, r := range results {
		_, _ = fmt.Fprintf(t, "%s/%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.2fs\t%.1f\t%d\t%d\t%s\t%.1fs\n", r.Kind, r.Name,
			r.Used.RSS/mebi, r.Bound.RSS/mebi, r.Used.Goroutines, r.Bound.Goroutines, r.Used.Files, r.Bound.Files,
			r.Used.CPU.Seconds(), float64(r.In)/mebi, r.Calls, r.Failed, works(r), r.Took.Seconds())
	}
	_ = t.Flush()
	breached := 0
	for _, r := range results {
		if len(r.Breaches) > 0 {
			breached++
		}
		for _, text := range r.Breaches {
			fmt.Fprintf(&b, "BREACH %s/%s: %s\n", r.Kind, r.Name, printable.Line(text, 600))
		}
	}
	fmt.Fprintf(&b, "%d scenarios, %d out of bounds\n", len(results), breached)
	_, err := io.WriteString(w, b.String())
	return err
}

// works is one word for it.
func works(r result) string {
	if r.Fault != "" {
		return "NO"
	}
	return "yes"
}

// markdown writes the peaks of each kind, and the worst scenarios.
func markdown(w io.Writer, results []result) error {
	var b strings.Builder
	b.WriteString("| kind | scenarios | memory | goroutines | descriptors | CPU a second | still works |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for k := range kinds {
		var of []result
		for _, r := range results {
			if r.Kind == k.String() {
				of = append(of, r)
			}
		}
		if len(of) == 0 {
			continue
		}
		fine := 0
		for _, r := range of {
			if r.Fault == "" {
				fine++
			}
		}
		fmt.Fprintf(&b, "| %v | %d | %d MiB | %d | %d | %.2f s | %d of %d |\n", k, len(of),
			most(of, func(r result) int64 { return r.Used.RSS })/mebi,
			most(of, func(r result) int { return r.Used.Goroutines }),
			most(of, func(r result) int { return r.Used.Files }),
			most(of, perSecond), fine, len(of))
	}
	b.WriteString("\n| the most of | scenario | |\n| --- | --- | --- |\n")
	worst(&b, "memory", results, func(r result) int64 { return r.Used.RSS }, func(n int64) string { return fmt.Sprintf("%d MiB", n/mebi) })
	worst(&b, "goroutines", results, func(r result) int { return r.Used.Goroutines }, func(n int) string { return fmt.Sprint(n) })
	worst(&b, "descriptors", results, func(r result) int { return r.Used.Files }, func(n int) string { return fmt.Sprint(n) })
	worst(&b, "CPU a second", results, perSecond, func(n float64) string { return fmt.Sprintf("%.2f s", n) })
	_, err := io.WriteString(w, b.String())
	return err
}

// perSecond is the CPU time per second that the scenario took, processes' start included.
func perSecond(r result) float64 {
	return r.Used.CPU.Seconds() / max(r.Took, time.Millisecond).Seconds()
}

func most[N cmp.Ordered](results []result, of func(result) N) (n N) {
	for _, r := range results {
		n = max(n, of(r))
	}
	return n
}

// worst writes the three results with the most of something.
func worst[N cmp.Ordered](b *strings.Builder, what string, results []result, of func(result) N, show func(N) string) {
	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(x, y result) int { return cmp.Compare(of(y), of(x)) })
	for _, r := range sorted[:min(3, len(sorted))] {
		fmt.Fprintf(b, "| %s | %s: %s | %s |\n", what, r.Kind, r.Name, show(of(r)))
	}
}
