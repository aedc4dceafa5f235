package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// Figure is what the report says under a name of [Figures], from a time of the run on,
// in whole seconds. Durations are in seconds. Outages count by when they began. What is
// a state of the end, and left, gap, first and missed, are the same from any time on.
// There is none of an unknown name.
func (r *Report) Figure(name string, after time.Duration) (value float64, known bool) {
	if m := measureOf(name); m != nil {
		return m.of(r, after), true
	}
	return 0, false
}

// Figures is the names that [Report.Figure] knows, in the order in which tables show them.
func Figures() []string {
	names := make([]string, len(figures))
	for i := range figures {
		names[i] = figures[i].Name
	}
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
