package fleet

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// Report is the result of a run. Times are counted from its beginning, after the
// warm-up. As JSON, durations are seconds.
type Report struct {
	Events  uint64  `json:"events"`
	Seconds float64 `json:"seconds"` // the run's time

	Dials    int   `json:"dials"`    // to servers that are up
	Sessions int   `json:"sessions"` // made
	Refused  int   `json:"refused"`  // dials that failed at once: the server was down, or full
	Failed   int   `json:"failed"`   // dials that ended without a session, these with them
	Conns    Peaks `json:"conns"`    // dials to one server that is up
	Failures Peaks `json:"failures"` // dials to one server that failed

	Rounds        int     `json:"rounds"`
	RoundsASecond float64 `json:"rounds_per_second"` // per server
	BusiestRounds float64 `json:"rounds_busiest"`    // the same, in the busiest 10 s
	QuietRounds   float64 `json:"rounds_quietest"`   // and in the quietest of all

	Moves         int     `json:"moves"`
	Discoveries   int     `json:"discoveries"`
	DiscoverPeaks Peaks   `json:"discovery_peaks"`
	Lookups       int     `json:"lookups"` // DNS queries
	LookupPeaks   Peaks   `json:"lookup_peaks"`
	Missed        int     `json:"missed"` // how often a node was marked down: no heartbeat within TTL and grace
	Stale         int     `json:"stale"`  // agents whose heartbeat was due 5 s before the end, or earlier, and is not answered
	Calls         int     `json:"calls"`
	Attempts      int     `json:"attempts"`            // sendings of calls
	Amplification float64 `json:"amplification"`       // attempts by calls; 0 without calls
	WorstTen      float64 `json:"amplification_worst"` // the same in the worst 10 s

	Outage Times `json:"outage"` // of blocking queries that are held again: from the fault until then
	Leave  Times `json:"left"`   // of heartbeats that were due on a silent server: until it was left
	Gap    Times `json:"gap"`    // between an agent's rounds
	First  Times `json:"first"`  // until an agent's first round
	Out    int   `json:"out"`    // agents that have started, and whose blocking query is nowhere at the end

	Worst    float64  `json:"imbalance"`      // the worst; 0: no server was up
	Last     float64  `json:"imbalance_last"` // that at the end; 0: none is up
	Active   []int    `json:"active"`         // agents by server, at the end
	Open     []int    `json:"open"`           // sessions at the end
	EvenFrom Duration `json:"even_from"`      // from then on the imbalance is at most 1.5; negative: it is not, or no server is up

	// The times themselves, sorted.
	Outages []time.Duration `json:"-"`
	Left    []time.Duration `json:"-"`
	Gaps    []time.Duration `json:"-"`
	Firsts  []time.Duration `json:"-"`

	counts counts
}

// Peaks are the most of something in 100 ms, one second and 10 s in a row, on whichever
// server had them, and the second in which the peak of one second began.
type Peaks struct {
	Tenth  int      `json:"per_100ms"`
	Second int      `json:"per_second"`
	Ten    int      `json:"per_10s"`
	At     Duration `json:"at"`
}

// Times is a distribution of durations.
type Times struct {
	Count int      `json:"count"`
	Mean  Duration `json:"mean"`
	P50   Duration `json:"p50"`
	P90   Duration `json:"p90"`
	P99   Duration `json:"p99"`
	Max   Duration `json:"max"`
}

// counts is what a report's figures are looked up in.
type counts struct {
	run     time.Duration
	servers []bins
	tally
}

// counts is those of a run.
func (f *Fleet) counts() counts {
	c := counts{run: f.cfg.For, tally: f.tally}
	for i := range f.servers {
		c.servers = append(c.servers, f.servers[i].bins)
	}
	return c
}

// Report takes stock of a run.
func (f *Fleet) Report() *Report {
	c := f.counts()
	r := &Report{
		Events: f.events, Seconds: f.cfg.For.Seconds(), counts: c,
		Rounds: f.roundBins.Sum(), Moves: f.moves.Sum(), Discoveries: f.discoveries.Sum(), Lookups: f.lookups.Sum(),
		Calls: f.calls.Sum(), Attempts: f.attempts.Sum(), Missed: f.missed + f.downAtTheEnd(),
		Amplification: ratio(f.attempts.Sum(), f.calls.Sum()), WorstTen: c.worstTen(0),
		Conns: c.peaks(dialsOf), Failures: c.peaks(failedOf), DiscoverPeaks: peaksOf(f.discoveries), LookupPeaks: peaksOf(f.lookups),
		RoundsASecond: c.roundsASecond(0), EvenFrom: -1,
		Left: slices.Sorted(slices.Values(f.left)), Gaps: slices.Sorted(slices.Values(f.gaps)), Firsts: slices.Sorted(slices.Values(f.firsts)),
		Outages: c.outagesFrom(0),
	}
	for i := range f.servers {
		s := &f.servers[i]
		r.Dials += s.dials.Sum()
		r.Sessions += s.handshakes.Sum()
		r.Failed += s.failed.Sum()
		r.Refused += s.refused.Sum()
	}
	r.Outage, r.Leave, r.Gap, r.First = timesOf(r.Outages), timesOf(r.Left), timesOf(r.Gaps), timesOf(r.Firsts)
	r.rounds(&c)
	r.state(f)
	return r
}

// rounds fills in how evenly rounds came.
func (r *Report) rounds(c *counts) {
	per := 10 * float64(len(c.servers))
	most, _ := c.roundBins.Peak(count.PerTen, 0, c.run)
	r.BusiestRounds = float64(most) / per
	least := -1
	for at := time.Duration(0); at+10*time.Second < c.run; at += 10 * time.Second {
		if n := c.roundBins.Between(at, at+10*time.Second); least < 0 || n < least {
			least = n
		}
	}
	r.QuietRounds = float64(max(least, 0)) / per
}

// state fills in how the fleet stands at the end, and how it stood.
func (r *Report) state(f *Fleet) {
	r.Open = make([]int, len(f.servers))
	for i := range f.agents {
		a := &f.agents[i]
		if a.nowhere() {
			r.Out++
		}
		if !f.cfg.NoBeats && a.due > 0 && f.now > a.due+beatTime {
			r.Stale++
		}
		for n := range f.servers {
			at := f.cluster.Address(int16(n))
			if f.cluster.Behind(a.id, at) == int16(n) {
				r.Open[n] += f.open(a, at)
			}
		}
	}
	for i := range f.samples {
		s := &f.samples[i]
		even := s.imbalance()
		r.Worst, r.Last = max(r.Worst, even), even
		switch {
		case even > 1.5:
			r.EvenFrom = -1
		case r.EvenFrom < 0:
			r.EvenFrom = Duration(s.at)
		}
		r.Active = s.active
	}
	if r.Last == 0 { // no server is up
		r.EvenFrom = -1
	}
}

// downAtTheEnd is the agents that have sent no heartbeat for too long at the end.
func (f *Fleet) downAtTheEnd() int {
	n := 0
	for i := range f.agents {
		if !f.cfg.NoBeats && f.running() && f.markedDown(&f.agents[i]) {
			n++
		}
	}
	return n
}

// timesOf is the distribution of sorted durations.
func timesOf(of []time.Duration) Times {
	q := func(q float64) Duration { return Duration(quantile(of, q)) }
	return Times{Count: len(of), Mean: Duration(mean(of)), P50: q(.5), P90: q(.9), P99: q(.99), Max: q(1)}
}
