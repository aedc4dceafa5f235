package fleet

import (
	"fmt"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// worstAfter is the worst imbalance from a time of the run on.
func (f *Fleet) worstAfter(at time.Duration) float64 {
	c := f.counts()
	return c.worst(at)
}

// peakBetween is the most dials, made or failed, in one second on one server that
// began in [from, to).
func (f *Fleet) peakBetween(from, to time.Duration) int {
	peak := 0
	for i := range f.servers {
		for _, c := range []*count.Counter{f.servers[i].dials, f.servers[i].failed} {
			n, _ := c.Peak(count.PerSecond, from, to)
			peak = max(peak, n)
		}
	}
	return peak
}

// print writes the report for people.
func (r *Report) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "  dials to servers that are up %d, sessions made %d, peak %d/s on one at %v; failed dials %d, of them refused %d, peak %d/s on one at %v\n",
		r.Dials, r.Sessions, r.Conns.Second, r.Conns.At, r.Failed, r.Refused, r.Failures.Second, r.Failures.At)
	_, _ = fmt.Fprintf(w, "  rounds a second per server: mean %.1f, busiest 10 s %.1f, quietest %.1f; moves %d; discoveries %d, peak %d/s; heartbeats missed %d\n",
		r.RoundsASecond, r.BusiestRounds, r.QuietRounds, r.Moves, r.Discoveries, r.DiscoverPeaks.Second, r.Missed)
	for _, times := range []struct {
		what string
		of   Times
	}{{"outages", r.Outage}, {"left after a heartbeat", r.Leave}, {"between rounds", r.Gap}, {"first round", r.First}} {
		of := times.of
		_, _ = fmt.Fprintf(w, "  %s: %d, mean %.2f p50 %.2f p90 %.2f p99 %.2f max %.2f s\n",
			times.what, of.Count, of.Mean.seconds(), of.P50.seconds(), of.P90.seconds(), of.P99.seconds(), of.Max.seconds())
	}
	_, _ = fmt.Fprintf(w, "  out at the end %d\n", r.Out)
	_, _ = fmt.Fprintf(w, "  imbalance: worst %.2f, at the end %.3f, at most 1.5 from %v on; active %v, sessions %v\n", r.Worst, r.Last, r.EvenFrom, r.Active, r.Open)
}

// timeline writes agents by server, and dials by server, every so often.
func (f *Fleet) timeline(w io.Writer, each time.Duration) {
	for _, s := range f.samples {
		if s.at%each != 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "  %6v %v imbalance %.2f, dials made/failed", s.at, s.active, s.imbalance())
		for i := range f.servers {
			b := &f.servers[i].bins
			_, _ = fmt.Fprintf(w, " %d/%d", b.dials.Between(s.at, s.at+each), b.failed.Between(s.at, s.at+each))
		}
		_, _ = fmt.Fprintln(w)
	}
}
