package bench

import "slices"

// spread is a figure over the rounds.
type spread struct{ min, median, max float64 }

func spreadOf(all []float64) spread {
	all = slices.Sorted(slices.Values(all))
	n := len(all)
	return spread{min: all[0], median: (all[(n-1)/2] + all[n/2]) / 2, max: all[n-1]}
}
