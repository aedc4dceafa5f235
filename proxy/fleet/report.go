package fleet

import (
	"fmt"
	"io"
	"math"
	"time"
)

// Report is the result of a run. Times are counted from its beginning, after the
// warm-up.
type Report struct {
	Events   uint64
	Dials    int // to servers that are up
	Sessions int // made
	Failed   int // dials that were refused or met silence

	// Peaks are the most dials in one second on one server: of all, of the failed
	// ones, and of the failed ones after the first second of a fault.
	PeakDials, PeakFailed   int
	PeakDialsAt, PeakFailAt time.Duration

	Rounds        int
	RoundsASecond float64 // per server
	BusiestRounds float64 // the same, in the busiest 10 s
	QuietRounds   float64 // and in the quietest

	Gaps   []time.Duration // between an agent's rounds, sorted
	Firsts []time.Duration // of each agent, sorted: until its first round

	Moves, Discoveries, PeakDiscoveries int
	Missed                              int // heartbeats beyond what servers wait

	Outages []time.Duration // of blocking queries, sorted: from the fault until another server holds them
	Out     int             // agents whose blocking query is nowhere at the end
	Left    []time.Duration // of heartbeats that were due on a silent server, sorted: until it was left

	Worst    float64       // the worst imbalance
	Last     float64       // that at the end
	Active   []int         // at the end
	Open     []int         // sessions at the end
	EvenFrom time.Duration // from then on the imbalance is at most 1.5
}

// Report takes stock of a run.
func (f *Fleet) Report() *Report {
	r := &Report{
		Events: f.events, Rounds: total(f.roundBins), Moves: total(f.moves), Discoveries: total(f.discoveries),
		Missed: f.missed, Outages: f.outages, Left: f.left, Gaps: f.gaps, Firsts: f.firsts, EvenFrom: -1,
	}
	second := max(int(time.Second/f.cfg.Grain), 1)
	for i := range f.servers {
		s := &f.servers[i]
		r.Dials += total(s.dials)
		r.Sessions += total(s.handshakes)
		r.Failed += total(s.failed)
		if n, at := busiest(s.dials, second); n > r.PeakDials {
			r.PeakDials, r.PeakDialsAt = n, time.Duration(at)*f.cfg.Grain
		}
		if n, at := busiest(s.failed, second); n > r.PeakFailed {
			r.PeakFailed, r.PeakFailAt = n, time.Duration(at)*f.cfg.Grain
		}
	}
	perServer := 1 / float64(len(f.servers))
	r.RoundsASecond = float64(r.Rounds) / f.cfg.For.Seconds() * perServer
	most, _ := busiest(f.roundBins, 10*second)
	r.BusiestRounds = float64(most) / 10 * perServer
	least := math.MaxInt
	for i := 0; i+10*second < len(f.roundBins); i += 10 * second {
		least = min(least, total(f.roundBins[i:i+10*second]))
	}
	r.QuietRounds = float64(least) / 10 * perServer
	r.PeakDiscoveries, _ = busiest(f.discoveries, second)
	r.Open = make([]int, len(f.servers))
	for i := range f.agents {
		a := &f.agents[i]
		if a.outSince > 0 {
			r.Out++
		}
		for n := range r.Open {
			r.Open[n] += f.open(a, int16(n))
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
			r.EvenFrom = s.at
		}
		r.Active = s.active
	}
	return r
}

// WorstAfter is the worst imbalance from a time of the run on.
func (f *Fleet) WorstAfter(at time.Duration) float64 {
	worst := 0.0
	for i := range f.samples {
		if s := &f.samples[i]; s.at >= at {
			worst = max(worst, s.imbalance())
		}
	}
	return worst
}

// PeakBetween is the most dials, made or failed, in one second on one server that
// began in [from, to).
func (f *Fleet) PeakBetween(from, to time.Duration) int {
	second := max(int(time.Second/f.cfg.Grain), 1)
	peak := 0
	for i := range f.servers {
		s := &f.servers[i]
		for _, b := range [][]uint32{s.dials, s.failed} {
			end := min(int(to/f.cfg.Grain), len(b))
			n, _ := busiest(b[min(int(from/f.cfg.Grain), end):end], second)
			peak = max(peak, n)
		}
	}
	return peak
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "  dials to servers that are up %d, sessions made %d, peak %d/s on one at %v; failed dials %d, peak %d/s on one at %v\n",
		r.Dials, r.Sessions, r.PeakDials, r.PeakDialsAt, r.Failed, r.PeakFailed, r.PeakFailAt)
	_, _ = fmt.Fprintf(w, "  rounds a second per server: mean %.1f, busiest 10 s %.1f, quietest %.1f; moves %d; discoveries %d, peak %d/s; heartbeats missed %d\n",
		r.RoundsASecond, r.BusiestRounds, r.QuietRounds, r.Moves, r.Discoveries, r.PeakDiscoveries, r.Missed)
	for _, times := range []struct {
		what string
		of   []time.Duration
	}{{"outages", r.Outages}, {"left after a heartbeat", r.Left}, {"between rounds", r.Gaps}, {"first round", r.Firsts}} {
		s := func(q float64) float64 { return Quantile(times.of, q).Seconds() }
		_, _ = fmt.Fprintf(w, "  %s: %d, mean %.2f p50 %.2f p90 %.2f p99 %.2f max %.2f s\n",
			times.what, len(times.of), mean(times.of).Seconds(), s(.5), s(.9), s(.99), s(1))
	}
	_, _ = fmt.Fprintf(w, "  out at the end %d\n", r.Out)
	_, _ = fmt.Fprintf(w, "  imbalance: worst %.2f, at the end %.3f, at most 1.5 from %v on; active %v, sessions %v\n", r.Worst, r.Last, r.EvenFrom, r.Active, r.Open)
}

// Timeline writes agents by server, and dials a second by server, every so often.
func (f *Fleet) Timeline(w io.Writer, each time.Duration) {
	per := int(each / f.cfg.Grain)
	for _, s := range f.samples {
		if s.at%each != 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "  %6v %v imbalance %.2f, dials made/failed", s.at, s.active, s.imbalance())
		for i := range f.servers {
			b := &f.servers[i].bins
			from := int(s.at / f.cfg.Grain)
			to := min(from+per, len(b.dials))
			_, _ = fmt.Fprintf(w, " %d/%d", total(b.dials[from:to]), total(b.failed[from:to]))
		}
		_, _ = fmt.Fprintln(w)
	}
}
