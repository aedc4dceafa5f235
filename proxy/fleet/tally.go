package fleet

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

func newTally() tally {
	return tally{
		roundBins: new(count.Counter), moves: new(count.Counter), discoveries: new(count.Counter), lookups: new(count.Counter),
		calls: new(count.Counter), attempts: new(count.Counter),
	}
}

// noteRound counts a round of a.
func (f *Fleet) noteRound(a *agent) {
	f.count(f.roundBins)
	if f.running() {
		switch {
		case a.rounds == 0 || a.lastRound < f.cfg.Warm:
			f.firsts = append(f.firsts, f.now-f.cfg.Warm)
		default:
			f.gaps = append(f.gaps, f.now-a.lastRound)
		}
	}
	a.rounds++
	a.lastRound = f.now
}

// noteCall counts a call that an agent begins.
func (f *Fleet) noteCall() { f.count(f.calls) }

// noteAttempt counts one sending of a call, or the dial for it.
func (f *Fleet) noteAttempt() { f.count(f.attempts) }

// back ends a's outage.
func (f *Fleet) back(a *agent) {
	if f.running() {
		f.outages = append(f.outages, outage{from: a.outSince - f.cfg.Warm, took: f.now - a.outSince})
	}
	a.outSince = 0
}

// sample takes the state of the fleet.
func (f *Fleet) sample() {
	s := sample{at: f.now - f.cfg.Warm, active: make([]int, len(f.servers))}
	for i := range f.servers {
		s.active[i] = f.servers[i].active
		if led, balanced := f.cluster.Led(i); balanced {
			s.active[i] = led
		}
		if f.cluster.Runs(i) {
			s.up++
		}
	}
	f.samples = append(f.samples, s)
}

// imbalance is the most agents that one server has in front, by the mean of those
// that are up.
func (s *sample) imbalance() float64 {
	sum := 0
	for _, n := range s.active {
		sum += n
	}
	if s.up == 0 || sum == 0 {
		return 0
	}
	return float64(slices.Max(s.active)*s.up) / float64(sum)
}

// quantile is that of sorted values; 0 of none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	return values[min(int(q*float64(len(values))), len(values)-1)]
}

// mean is that of values; 0 of none. It is exact to a microsecond.
func mean(values []time.Duration) time.Duration {
	sum := int64(0)
	for _, v := range values {
		sum += v.Microseconds()
	}
	return time.Duration(sum/int64(max(len(values), 1))) * time.Microsecond
}
