package round

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

// Work is something that goroutines do again and again, at the same time.
type Work struct {
	Workers int // goroutines
	Chunk   int // operations between two readings of the clock
	Timed   bool
	// Do does n operations, as the worker of this number, from 0.
	Do func(ctx context.Context, worker, n int) error
}

// Sample is what was measured in one round.
type Sample struct {
	Calls  int
	NS     float64 // per operation: the time of all, over their number
	CPU    float64 // nanoseconds of the process's CPU time per operation; 0: the platform does not tell
	P50    float64 // nanoseconds of one operation; 0: not measured
	P99    float64 // the same
	Allocs float64 // per operation, in the whole process
	Bytes  float64 // per operation, in the whole process
}

// maxLatencies is how many latencies of a round are kept, of all workers together.
const maxLatencies = 1 << 15

// Group is the workers of one Work.
type Group struct {
	Work
	latencies [][]int64 // of each worker, in nanoseconds
	done      []int     // operations of each worker
	errs      []error
}

// New makes a group, which does nothing between rounds.
func New(w Work) *Group {
	g := &Group{Work: w, done: make([]int, w.Workers), errs: make([]error, w.Workers)}
	if w.Timed {
		g.latencies = make([][]int64, w.Workers)
		for i := range g.latencies {
			g.latencies[i] = make([]int64, 0, max(maxLatencies/w.Workers, 64))
		}
	}
	return g
}

// Round has all workers work for d and blocks until each has ended its last chunk. The goroutines
// are started, and garbage is collected, before the clock starts. The error is that of Do, or of
// ctx. One goroutine may call it at a time.
func (g *Group) Round(ctx context.Context, d time.Duration) (Sample, error) {
	var stop atomic.Bool
	start := make(chan struct{})
	var all sync.WaitGroup
	for w := range g.Workers {
		g.done[w] = 0
		if g.Timed {
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
	cpuBefore := CPU()
	begin := time.Now() // before the timer starts: a round never takes less than d
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	close(start)
	all.Wait()
	took, cpuAfter := time.Since(begin), CPU()
	timer.Stop()
	runtime.ReadMemStats(&after)
	if err := errors.Join(g.errs...); err != nil {
		return Sample{}, err
	}
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	n := 0
	for _, done := range g.done {
		n += done
	}
	if n == 0 {
		return Sample{}, fmt.Errorf("nothing was done in %v", took)
	}
	s := Sample{
		Calls:  n,
		NS:     float64(took) / float64(n),
		CPU:    float64(cpuAfter-cpuBefore) / float64(n),
		Allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(n),
	}
	if g.Timed {
		took := slices.Concat(g.latencies...)
		slices.Sort(took)
		s.P50, s.P99 = float64(took[len(took)/2]), float64(took[len(took)*99/100])
	}
	return s, nil
}

// work is the share of one worker in a round: at least one chunk.
func (g *Group) work(ctx context.Context, w int, stop *atomic.Bool) {
	n := 0
	for begin := time.Now(); ; {
		if g.errs[w] = g.Do(ctx, w, g.Chunk); g.errs[w] != nil {
			break
		}
		n += g.Chunk
		if g.Timed {
			now := time.Now()
			if l := g.latencies[w]; len(l) < cap(l) {
				g.latencies[w] = append(l, int64(now.Sub(begin))/int64(g.Chunk))
			}
			begin = now
		}
		if stop.Load() || ctx.Err() != nil {
			break
		}
	}
	g.done[w] = n
}
