package bench

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// weight is what one of many idle things holds.
type weight struct{ bytes, goroutines float64 }

func (w weight) minus(v weight) weight { return weight{w.bytes - v.bytes, w.goroutines - v.goroutines} }

// weights are those of the entrants; nil: there is no such entrant.
type weights [roles]*weight

// hold has make make n things that are idle afterwards, and answers what one of
// them holds: memory in use after a collection, stacks included.
func hold(ctx context.Context, n int, make func(i int) (release func() error, err error)) (w weight, err error) {
	o := new(opening)
	defer func() { err = errors.Join(err, o.close()) }()
	before := settled()
	for i := range n {
		if err := ctx.Err(); err != nil {
			return w, err
		}
		release, err := make(i)
		if err != nil {
			return w, err
		}
		o.add(release)
	}
	after := settled().minus(before)
	return weight{after.bytes / float64(n), after.goroutines / float64(n)}, nil
}

// settled is what the process holds when what has ended is gone. It blocks until
// the number of goroutines has not changed for a while, two seconds at most.
func settled() weight {
	const look, still, most = 5 * time.Millisecond, 6, 400
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for n, same, looks := runtime.NumGoroutine(), 0, 0; same < still && looks < most; looks++ {
		<-ticker.C
		if now := runtime.NumGoroutine(); now == n {
			same++
		} else {
			n, same = now, 0
		}
	}
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go, and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return weight{float64(m.HeapAlloc + m.StackInuse), float64(runtime.NumGoroutine())}
}

// weighAll weighs in as many rounds as are wanted and takes the medians.
func (w work) weighAll(ctx context.Context, rounds int) (Result, error) {
	var all [roles][]weight
	for range rounds {
		of, err := w.weigh(ctx)
		if err != nil {
			return Result{}, err
		}
		for r, one := range of {
			if one != nil {
				all[r] = append(all[r], *one)
			}
		}
	}
	median := func(r role, what func(weight) float64) *float64 {
		if len(all[r]) == 0 {
			return nil
		}
		figures := make([]float64, len(all[r]))
		for i, one := range all[r] {
			figures[i] = what(one)
		}
		return new(spreadOf(figures).median)
	}
	bytes := func(w weight) float64 { return w.bytes }
	goroutines := func(w weight) float64 { return w.goroutines }
	r := Result{
		Work: w.name, Rounds: rounds,
		Bytes: median(ours, bytes), Goroutines: median(ours, goroutines),
		BaselineBytes: median(baseline, bytes), BaselineGoroutines: median(baseline, goroutines),
	}
	if len(all[baseline]) > 0 {
		ratios := make([]float64, rounds)
		for i := range ratios {
			ratios[i] = all[ours][i].bytes / all[baseline][i].bytes
		}
		s := spreadOf(ratios)
		r.RatioToBaselineMin, r.RatioToBaseline, r.RatioToBaselineMax = &s.min, &s.median, &s.max
	}
	return r, nil
}
