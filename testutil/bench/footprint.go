package main

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"time"
)

// footprint is the memory and the goroutines of one of many idle things. resident is what the
// process has of the machine's memory, in bytes; 0 where that is not told.
type footprint struct{ bytes, goroutines, resident float64 }

func (f footprint) minus(g footprint) footprint {
	return footprint{f.bytes - g.bytes, f.goroutines - g.goroutines, f.resident - g.resident}
}

// footprints are those of the entrants; nil without such an entrant.
type footprints [roles]*footprint

// footprintOf makes n things, which are idle afterwards, and measures the footprint
// of one: memory in use after a collection, with stacks.
func footprintOf(ctx context.Context, n int, make func(i int) (release func() error, err error)) (f footprint, err error) {
	all := new(closers)
	defer func() { err = errors.Join(err, all.close()) }()
	before := settled()
	for i := range n {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		release, err := make(i)
		if err != nil {
			return f, err
		}
		all.add(release)
	}
	after := settled().minus(before)
	return footprint{after.bytes / float64(n), after.goroutines / float64(n), after.resident / float64(n)}, nil
}

// settled is the footprint of the process without garbage. It blocks until the
// number of goroutines has not changed for a while, two seconds at most.
func settled() footprint {
	const look, still, most = 5 * time.Millisecond, 6, 400
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for n, same, looks := runtime.NumGoroutine(), 0, 0; same < still && looks < most; looks++ {
		<-ticker.C
		if m := runtime.NumGoroutine(); m == n {
			same++
		} else {
			n, same = m, 0
		}
	}
	runtime.GC()
	debug.FreeOSMemory() // collects once more: finalizers of the first time, and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{float64(m.HeapAlloc + m.StackInuse), float64(runtime.NumGoroutine()), resident()}
}

// measureFootprint measures in as many rounds as are wanted and takes the medians.
func (w work) measureFootprint(ctx context.Context, rounds int) (Result, error) {
	var all [roles][]footprint
	for range rounds {
		each, err := w.footprint(ctx)
		if err != nil {
			return Result{}, err
		}
		for r, one := range each {
			if one != nil {
				all[r] = append(all[r], *one)
			}
		}
	}
	median := func(r role, figure func(footprint) float64) *float64 {
		if len(all[r]) == 0 {
			return nil
		}
		figures := make([]float64, len(all[r]))
		for i, one := range all[r] {
			figures[i] = figure(one)
		}
		return new(spreadOf(figures).median)
	}
	bytes := func(f footprint) float64 { return f.bytes }
	goroutines := func(f footprint) float64 { return f.goroutines }
	r := Result{
		Work: w.name, Rounds: rounds,
		Bytes: median(ours, bytes), Goroutines: median(ours, goroutines),
		BaselineBytes: median(baseline, bytes), BaselineGoroutines: median(baseline, goroutines),
	}
	held := func(f footprint) float64 { return f.resident / 1024 }
	if mine := median(ours, held); mine != nil && *mine > 0 {
		r.Note = "resident " + pair(mine, median(baseline, held)) + " KiB each"
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
