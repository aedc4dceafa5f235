package paired

import (
	"fmt"
	"slices"
	"time"
)

// batch is how often a work is done before the next one has its turn. It is short, so that few batches
// are interrupted where the machine does other things too.
const batch = 4

// Cost is what one of the works costs. What comes in fewer than half of the batches, such as a pause of the whole
// process, is not in it.
type Cost struct {
	Each  time.Duration // once: the median of the batches
	Times float64       // that many times the first work: the median of the rounds
}

// Measure does each of the works so many times, one at least, and returns their costs, in their
// order. In each round each work has one batch; another one begins in each. An error of a work ends
// it.
func Measure(times int, works ...func() error) ([]Cost, error) {
	each, ratios := make([][]float64, len(works)), make([][]float64, len(works))
	took := make([]float64, len(works)) // nanoseconds of the work in this round, once
	for round, left := 0, max(times, 1); left > 0; round++ {
		n := min(batch, left)
		left -= n
		for i := range works {
			at := (i + round) % len(works)
			began := time.Now()
			for range n {
				if err := works[at](); err != nil {
					return nil, fmt.Errorf("paired: work %d of %d: %w", at+1, len(works), err)
				}
			}
			took[at] = max(float64(time.Since(began)), 1) / float64(n)
		}
		for i, t := range took {
			each[i] = append(each[i], t)
			ratios[i] = append(ratios[i], t/took[0])
		}
	}
	costs := make([]Cost, len(works))
	for i := range costs {
		costs[i] = Cost{time.Duration(median(each[i])), median(ratios[i])}
	}
	return costs, nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	middle := len(all) / 2
	if len(all)%2 == 0 {
		return (all[middle-1] + all[middle]) / 2
	}
	return all[middle]
}
