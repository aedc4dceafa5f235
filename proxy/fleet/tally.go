package fleet

import (
	"slices"
	"time"
)

// bins are the counts of one server over time.
type bins struct {
	dials      []uint32 // that reached it, whatever became of them
	failed     []uint32 // that were refused, or met silence
	handshakes []uint32 // sessions made
	beats      []uint32
}

func newBins(cfg Config) bins {
	n := int(cfg.For/cfg.Grain) + 1
	all := make([]uint32, 4*n)
	return bins{dials: all[:n:n], failed: all[n : 2*n : 2*n], handshakes: all[2*n : 3*n : 3*n], beats: all[3*n:]}
}

// tally is the counts of the whole fleet.
type tally struct {
	events      uint64
	missed      int
	roundBins   []uint32
	moves       []uint32
	discoveries []uint32
	outages     []time.Duration
	left        []time.Duration
	gaps        []time.Duration // between an agent's rounds
	firsts      []time.Duration // from the beginning of the run to an agent's first round in it
	samples     []sample
}

// sample is the state of the fleet at one time.
type sample struct {
	at     time.Duration // since the beginning of the run
	active []int         // agents with that server in front
	up     int
}

func newTally(cfg Config) tally {
	n := int(cfg.For/cfg.Grain) + 1
	return tally{roundBins: make([]uint32, n), moves: make([]uint32, n), discoveries: make([]uint32, n)}
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
	return float64(slices.Max(s.active)) * float64(s.up) / float64(sum)
}

// total is the sum of bins.
func total(b []uint32) int {
	n := 0
	for _, x := range b {
		n += int(x)
	}
	return n
}

// busiest is the highest sum of so many bins in a row, and the first of these.
func busiest(b []uint32, width int) (most, first int) {
	sum := 0
	for i := range b {
		sum += int(b[i])
		if i >= width {
			sum -= int(b[i-width])
		}
		if sum > most {
			most, first = sum, max(i-width+1, 0)
		}
	}
	return most, first
}

// Quantile is that of values, which it sorts; 0 of none.
func Quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(int(q*float64(len(values))), len(values)-1)]
}

// mean is that of values; 0 of none.
func mean(values []time.Duration) time.Duration {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return time.Duration(sum / float64(max(len(values), 1)))
}
