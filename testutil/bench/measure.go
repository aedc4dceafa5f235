package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sample is the result of one entrant in one round.
type sample struct {
	ns     float64 // per operation: the time of all, over their number
	p99    float64 // nanoseconds of one operation; 0: not measured
	allocs float64 // per operation, in the whole process
	bytes  float64 // per operation, in the whole process
}

// maxLatencies is how many latencies of a round are kept, of all workers together.
const maxLatencies = 1 << 15

// group is the workers of one entrant.
type group struct {
	entrant
	latencies [][]int64 // of each worker, in nanoseconds
	done      []int     // operations of each worker
	errs      []error
}

func newGroup(e entrant) *group {
	g := &group{entrant: e, done: make([]int, e.workers), errs: make([]error, e.workers)}
	if e.timed {
		g.latencies = make([][]int64, e.workers)
		for w := range g.latencies {
			g.latencies[w] = make([]int64, 0, max(maxLatencies/e.workers, 64))
		}
	}
	return g
}

// round has all workers work for d. The goroutines are started, and garbage is
// collected, before the clock starts.
func (g *group) round(ctx context.Context, d time.Duration) (sample, error) {
	var stop atomic.Bool
	start := make(chan struct{})
	var all sync.WaitGroup
	for w := range g.workers {
		g.done[w] = 0
		if g.timed {
			g.latencies[w] = g.latencies[w][:0]
		}
		all.Go(func() {
			<-start
			g.work(ctx, w, &stop)
		})
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now() // before the timer starts: a round never takes less than d
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	close(start)
	all.Wait()
	took := time.Since(begin)
	timer.Stop()
	runtime.ReadMemStats(&after)
	if err := errors.Join(g.errs...); err != nil {
		return sample{}, err
	}
	if err := ctx.Err(); err != nil {
		return sample{}, err
	}
	n := 0
	for _, done := range g.done {
		n += done
	}
	if n == 0 {
		return sample{}, fmt.Errorf("nothing was done in %v", took)
	}
	s := sample{
		ns:     float64(took) / float64(n),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}
	if g.timed {
		took := slices.Concat(g.latencies...)
		slices.Sort(took)
		s.p99 = float64(took[len(took)*99/100])
	}
	return s, nil
}

// work is the share of one worker in a round: at least one chunk.
func (g *group) work(ctx context.Context, w int, stop *atomic.Bool) {
	n := 0
	for begin := time.Now(); ; {
		if g.errs[w] = g.do(ctx, w, g.chunk); g.errs[w] != nil {
			break
		}
		n += g.chunk
		if g.timed {
			now := time.Now()
			if l := g.latencies[w]; len(l) < cap(l) {
				g.latencies[w] = append(l, int64(now.Sub(begin))/int64(g.chunk))
			}
			begin = now
		}
		if stop.Load() || ctx.Err() != nil {
			break
		}
	}
	g.done[w] = n
}
