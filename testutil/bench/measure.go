package bench

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

// sample is what one entrant did in one round.
type sample struct {
	ns     float64 // per operation: the time of all, over their number
	p99    float64 // nanoseconds of one operation; 0: not measured
	allocs float64 // per operation, in the whole process
	bytes  float64 // per operation, in the whole process
}

// enough is how many latencies are kept in a round, of all workers together.
const enough = 1 << 15

// crew are the workers of one entrant.
type crew struct {
	entrant
	latencies [][]int64 // of each worker, in nanoseconds
	done      []int     // operations of each worker
	errs      []error
}

func newCrew(e entrant) *crew {
	c := &crew{entrant: e, done: make([]int, e.workers), errs: make([]error, e.workers)}
	if e.timed {
		c.latencies = make([][]int64, e.workers)
		for w := range c.latencies {
			c.latencies[w] = make([]int64, 0, max(enough/e.workers, 64))
		}
	}
	return c
}

// round has everybody work for d. All goroutines are there before the clock
// starts, and what was allocated before is collected.
func (c *crew) round(ctx context.Context, d time.Duration) (sample, error) {
	var stop atomic.Bool
	start := make(chan struct{})
	var all sync.WaitGroup
	for w := range c.workers {
		c.done[w] = 0
		if c.timed {
			c.latencies[w] = c.latencies[w][:0]
		}
		all.Go(func() {
			<-start
			c.work(ctx, w, &stop)
		})
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now() // before the alarm is set: a round never takes less than d
	over := time.AfterFunc(d, func() { stop.Store(true) })
	close(start)
	all.Wait()
	took := time.Since(begin)
	over.Stop()
	runtime.ReadMemStats(&after)
	if err := errors.Join(c.errs...); err != nil {
		return sample{}, err
	}
	if err := ctx.Err(); err != nil {
		return sample{}, err
	}
	n := 0
	for _, done := range c.done {
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
	if c.timed {
		took := slices.Concat(c.latencies...)
		slices.Sort(took)
		s.p99 = float64(took[len(took)*99/100])
	}
	return s, nil
}

// work is one worker's share of a round: at least one chunk.
func (c *crew) work(ctx context.Context, w int, stop *atomic.Bool) {
	n := 0
	for begin := time.Now(); ; {
		if c.errs[w] = c.do(ctx, w, c.chunk); c.errs[w] != nil {
			break
		}
		n += c.chunk
		if c.timed {
			now := time.Now()
			if l := c.latencies[w]; len(l) < cap(l) {
				c.latencies[w] = append(l, int64(now.Sub(begin))/int64(c.chunk))
			}
			begin = now
		}
		if stop.Load() || ctx.Err() != nil {
			break
		}
	}
	c.done[w] = n
}
