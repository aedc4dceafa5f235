package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/script"
)

// measure is what scenarios know of a result of a run, and how it is computed, from a time
// of the run on. Times are in seconds.
type measure struct {
	script.Figure
	of func(*Report, time.Duration) float64
}

// figures are all of them, in the order in which tables show them.
var figures = []measure{
	{
		script.Figure{Name: "dials", Unit: script.Count, After: true, Until: true, About: "dials to servers that are up"},
		func(r *Report, after time.Duration) float64 { return r.counts.sum(dialsOf, after) },
	},
	{
		script.Figure{Name: "sessions", Unit: script.Count, After: true, Until: true, About: "dials that made a session"},
		func(r *Report, after time.Duration) float64 { return r.counts.sum(sessionsOf, after) },
	},
	{
		script.Figure{Name: "refused", Unit: script.Count, After: true, Until: true, Row: true, About: "dials that failed at once: the server was down, or full"},
		func(r *Report, after time.Duration) float64 { return r.counts.sum(refusedOf, after) },
	},
	{
		script.Figure{Name: "failed", Unit: script.Count, After: true, Until: true, Row: true, About: "dials that made no session, these with them"},
		func(r *Report, after time.Duration) float64 { return r.counts.sum(failedOf, after) },
	},
	{
		script.Figure{Name: "conns/100ms/server", Unit: script.Count, After: true, Until: true, Row: true, About: "dials to one server that is up: most in 100 ms"},
		peak(dialsOf, count.PerTenth),
	},
	{
		script.Figure{Name: "conns/s/server", Unit: script.Rate, After: true, Until: true, Row: true, About: "the same in 1 s"},
		peak(dialsOf, count.PerSecond),
	},
	{
		script.Figure{Name: "conns/10s/server", Unit: script.Count, After: true, Until: true, Row: true, About: "the same in 10 s"},
		peak(dialsOf, count.PerTen),
	},
	{
		script.Figure{Name: "failed/100ms/server", Unit: script.Count, After: true, Until: true, About: "failed dials to one server: most in 100 ms"},
		peak(failedOf, count.PerTenth),
	},
	{
		script.Figure{Name: "failed/s/server", Unit: script.Rate, After: true, Until: true, Row: true, About: "the same in 1 s"},
		peak(failedOf, count.PerSecond),
	},
	{
		script.Figure{Name: "failed/10s/server", Unit: script.Count, After: true, Until: true, About: "the same in 10 s"},
		peak(failedOf, count.PerTen),
	},
	{
		script.Figure{Name: "beats/s/server", Unit: script.Rate, After: true, Until: true, About: "heartbeats that one server gets: most in 1 s"},
		peak(beatsOf, count.PerSecond),
	},
	{
		script.Figure{Name: "amplification", Unit: script.Ratio, After: true, Row: true, About: "sendings of a call, by calls"},
		func(r *Report, after time.Duration) float64 {
			return ratio(r.counts.attempts.From(after), r.counts.calls.From(after))
		},
	},
	{
		script.Figure{Name: "amplification.worst", Unit: script.Ratio, After: true, Row: true, About: "the same in the worst 10 s"},
		func(r *Report, after time.Duration) float64 { return r.counts.worstTen(after) },
	},
	{
		script.Figure{Name: "outages", Unit: script.Share, After: true, Row: true, About: "clients whose blocking query lost its server, and found another one"},
		func(r *Report, after time.Duration) float64 { return float64(r.outage(after).Count) },
	},
	{
		script.Figure{Name: "outage.mean", Unit: script.Time, After: true, About: "until it had: the mean"},
		func(r *Report, after time.Duration) float64 { return r.outage(after).Mean.seconds() },
	},
	{
		script.Figure{Name: "outage.p50", Unit: script.Time, After: true, Row: true, About: "the same: half of the clients"},
		func(r *Report, after time.Duration) float64 { return r.outage(after).P50.seconds() },
	},
	{
		script.Figure{Name: "outage.p90", Unit: script.Time, After: true, Row: true, About: "nine of ten"},
		func(r *Report, after time.Duration) float64 { return r.outage(after).P90.seconds() },
	},
	{
		script.Figure{Name: "outage.p99", Unit: script.Time, After: true, Row: true, About: "99 of 100"},
		func(r *Report, after time.Duration) float64 { return r.outage(after).P99.seconds() },
	},
	{
		script.Figure{Name: "outage", Unit: script.Time, After: true, Row: true, About: "the last one"},
		func(r *Report, after time.Duration) float64 { return r.outage(after).Max.seconds() },
	},
	{
		script.Figure{Name: "out", Unit: script.Share, Row: true, About: "clients whose blocking query is on no server at the end"},
		func(r *Report, _ time.Duration) float64 { return float64(r.Out) },
	},
	{
		script.Figure{Name: "left.p50", Unit: script.Time, About: "from a heartbeat that met silence until its client left the server: half"},
		func(r *Report, _ time.Duration) float64 { return r.Leave.P50.seconds() },
	},
	{
		script.Figure{Name: "left.p90", Unit: script.Time, About: "nine of ten"},
		func(r *Report, _ time.Duration) float64 { return r.Leave.P90.seconds() },
	},
	{
		script.Figure{Name: "left.p99", Unit: script.Time, About: "99 of 100"},
		func(r *Report, _ time.Duration) float64 { return r.Leave.P99.seconds() },
	},
	{
		script.Figure{Name: "left", Unit: script.Time, Row: true, About: "the last one"},
		func(r *Report, _ time.Duration) float64 { return r.Leave.Max.seconds() },
	},
	{
		script.Figure{Name: "missed", Unit: script.Share, Row: true, Beats: true, About: "nodes that the servers marked down: no heartbeat came in time"},
		func(r *Report, _ time.Duration) float64 { return float64(r.Missed) },
	},
	{
		script.Figure{Name: "stale", Unit: script.Share, Row: true, Beats: true, About: "clients whose heartbeat was due 5 s before the end, or earlier, and is not answered"},
		func(r *Report, _ time.Duration) float64 { return float64(r.Stale) },
	},
	{
		script.Figure{Name: "imbalance", Unit: script.Ratio, After: true, Until: true, Row: true, About: "clients on the busiest server, by the mean of the servers that are up: the worst"},
		func(r *Report, after time.Duration) float64 { return r.counts.worst(after) },
	},
	{
		script.Figure{Name: "imbalance.end", Unit: script.Ratio, Row: true, About: "the same at the end"},
		func(r *Report, _ time.Duration) float64 { return r.Last },
	},
	{
		script.Figure{Name: "even.from", Unit: script.Time, Row: true, About: "from then on it is at most 1.5"},
		func(r *Report, _ time.Duration) float64 { return r.EvenFrom.seconds() },
	},
	{
		script.Figure{Name: "moves", Unit: script.Share, After: true, Until: true, Row: true, About: "clients that went to another server"},
		func(r *Report, after time.Duration) float64 { return float64(r.counts.moves.From(after)) },
	},
	{
		script.Figure{Name: "rounds", Unit: script.Count, After: true, Until: true, About: "rounds in which clients look for a better order of their servers"},
		func(r *Report, after time.Duration) float64 { return float64(r.counts.roundBins.From(after)) },
	},
	{
		script.Figure{Name: "rounds/s/server", Unit: script.Rate, After: true, Row: true, About: "the same a second, by the number of servers: the mean"},
		func(r *Report, after time.Duration) float64 { return r.counts.roundsASecond(after) },
	},
	{
		script.Figure{Name: "gap.mean", Unit: script.Time, About: "from one round of a client to the next: the mean"},
		func(r *Report, _ time.Duration) float64 { return r.Gap.Mean.seconds() },
	},
	{
		script.Figure{Name: "gap.max", Unit: script.Time, About: "the longest"},
		func(r *Report, _ time.Duration) float64 { return r.Gap.Max.seconds() },
	},
	{
		script.Figure{Name: "first.mean", Unit: script.Time, About: "until a client's first round in the run: the mean"},
		func(r *Report, _ time.Duration) float64 { return r.First.Mean.seconds() },
	},
	{
		script.Figure{Name: "first.max", Unit: script.Time, About: "the last one"},
		func(r *Report, _ time.Duration) float64 { return r.First.Max.seconds() },
	},
	{
		script.Figure{Name: "discoveries", Unit: script.Count, After: true, Until: true, Row: true, About: "queries of discovery"},
		func(r *Report, after time.Duration) float64 { return float64(r.counts.discoveries.From(after)) },
	},
	{
		script.Figure{Name: "discoveries/s", Unit: script.Rate, After: true, Until: true, Row: true, About: "the same: most in 1 s"},
		func(r *Report, after time.Duration) float64 {
			return r.counts.peak(r.counts.discoveries, count.PerSecond, after)
		},
	},
	{
		script.Figure{Name: "lookups", Unit: script.Count, After: true, Until: true, About: "queries of DNS"},
		func(r *Report, after time.Duration) float64 { return float64(r.counts.lookups.From(after)) },
	},
	{
		script.Figure{Name: "lookups/s", Unit: script.Rate, After: true, Until: true, About: "the same: most in 1 s"},
		func(r *Report, after time.Duration) float64 {
			return r.counts.peak(r.counts.lookups, count.PerSecond, after)
		},
	},
}

// measureOf is the figure of a name; nil: there is none.
func measureOf(name string) *measure {
	for i := range figures {
		if figures[i].Name == name {
			return &figures[i]
		}
	}
	return nil
}

// vocabulary is what scenarios know of the figures.
var vocabulary = func() []script.Figure {
	all := make([]script.Figure, len(figures))
	for i := range figures {
		all[i] = figures[i].Figure
	}
	return all
}()
