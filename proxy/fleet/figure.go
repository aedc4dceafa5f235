package fleet

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// figures are what a report says under a name, from a time of the run on. Times are in
// seconds.
var figures = map[string]func(*Report, time.Duration) float64{
	"dials":    func(r *Report, after time.Duration) float64 { return r.counts.sum(dialsOf, after) },
	"sessions": func(r *Report, after time.Duration) float64 { return r.counts.sum(sessionsOf, after) },
	"refused":  func(r *Report, after time.Duration) float64 { return r.counts.sum(refusedOf, after) },
	"failed":   func(r *Report, after time.Duration) float64 { return r.counts.sum(failedOf, after) },

	"conns/100ms/server":  peak(dialsOf, count.PerTenth),
	"conns/s/server":      peak(dialsOf, count.PerSecond),
	"conns/10s/server":    peak(dialsOf, count.PerTen),
	"failed/100ms/server": peak(failedOf, count.PerTenth),
	"failed/s/server":     peak(failedOf, count.PerSecond),
	"failed/10s/server":   peak(failedOf, count.PerTen),
	"beats/s/server":      peak(beatsOf, count.PerSecond),

	"rounds":          func(r *Report, after time.Duration) float64 { return float64(r.counts.roundBins.From(after)) },
	"rounds/s/server": func(r *Report, after time.Duration) float64 { return r.counts.roundsASecond(after) },
	"moves":           func(r *Report, after time.Duration) float64 { return float64(r.counts.moves.From(after)) },
	"discoveries":     func(r *Report, after time.Duration) float64 { return float64(r.counts.discoveries.From(after)) },
	"discoveries/s": func(r *Report, after time.Duration) float64 {
		return r.counts.peak(r.counts.discoveries, count.PerSecond, after)
	},
	"lookups": func(r *Report, after time.Duration) float64 { return float64(r.counts.lookups.From(after)) },
	"lookups/s": func(r *Report, after time.Duration) float64 {
		return r.counts.peak(r.counts.lookups, count.PerSecond, after)
	},
	"amplification": func(r *Report, after time.Duration) float64 {
		return ratio(r.counts.attempts.From(after), r.counts.calls.From(after))
	},
	"amplification.worst": func(r *Report, after time.Duration) float64 { return r.counts.worstTen(after) },

	"imbalance":     func(r *Report, after time.Duration) float64 { return r.counts.worst(after) },
	"imbalance.end": func(r *Report, _ time.Duration) float64 { return r.Last },
	"even.from":     func(r *Report, _ time.Duration) float64 { return r.EvenFrom.seconds() },
	"missed":        func(r *Report, _ time.Duration) float64 { return float64(r.Missed) },
	"out":           func(r *Report, _ time.Duration) float64 { return float64(r.Out) },

	"outage":      func(r *Report, after time.Duration) float64 { return r.outage(after).Max.seconds() },
	"outage.mean": func(r *Report, after time.Duration) float64 { return r.outage(after).Mean.seconds() },
	"outage.p50":  func(r *Report, after time.Duration) float64 { return r.outage(after).P50.seconds() },
	"outage.p90":  func(r *Report, after time.Duration) float64 { return r.outage(after).P90.seconds() },
	"outage.p99":  func(r *Report, after time.Duration) float64 { return r.outage(after).P99.seconds() },
	"outages":     func(r *Report, after time.Duration) float64 { return float64(r.outage(after).Count) },

	"left":     func(r *Report, _ time.Duration) float64 { return r.Leave.Max.seconds() },
	"left.p50": func(r *Report, _ time.Duration) float64 { return r.Leave.P50.seconds() },
	"left.p90": func(r *Report, _ time.Duration) float64 { return r.Leave.P90.seconds() },
	"left.p99": func(r *Report, _ time.Duration) float64 { return r.Leave.P99.seconds() },

	"gap.mean":   func(r *Report, _ time.Duration) float64 { return r.Gap.Mean.seconds() },
	"gap.max":    func(r *Report, _ time.Duration) float64 { return r.Gap.Max.seconds() },
	"first.mean": func(r *Report, _ time.Duration) float64 { return r.First.Mean.seconds() },
	"first.max":  func(r *Report, _ time.Duration) float64 { return r.First.Max.seconds() },
}

// Figure is what the report says under a name of [Figures], from a time of the run on,
// in whole seconds. Durations are in seconds. Outages count by when they began. What is
// a state of the end, and left, gap, first and missed, are the same from any time on.
// There is none of an unknown name.
func (r *Report) Figure(name string, after time.Duration) (value float64, known bool) {
	figure, known := figures[name]
	if !known {
		return 0, false
	}
	return figure(r, after), true
}

// Figures is the names that [Report.Figure] knows, sorted.
func Figures() []string {
	names := make([]string, 0, len(figures))
	for name := range figures {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// outage is the distribution of the outages that began from a time on.
func (r *Report) outage(after time.Duration) Times {
	if after <= 0 {
		return r.Outage
	}
	return timesOf(r.counts.outagesFrom(after))
}

// peak is the figure of the most in a window that one server had.
func peak(of func(*bins) *count.Counter, width int) func(*Report, time.Duration) float64 {
	return func(r *Report, after time.Duration) float64 {
		most := 0.0
		for i := range r.counts.servers {
			most = max(most, r.counts.peak(of(&r.counts.servers[i]), width, after))
		}
		return most
	}
}

// The counts of one server.
func dialsOf(b *bins) *count.Counter    { return b.dials }
func sessionsOf(b *bins) *count.Counter { return b.handshakes }
func failedOf(b *bins) *count.Counter   { return b.failed }
func refusedOf(b *bins) *count.Counter  { return b.refused }
func beatsOf(b *bins) *count.Counter    { return b.beats }
