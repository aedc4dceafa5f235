package logqueue

import (
	"context"
	"time"
)

// For how long Flush waits: without a line being written meanwhile, and in all.
const (
	flushStill = 2 * time.Second
	flushMost  = 10 * time.Second
)

// Flush waits until what is in the queue now is written, but not beyond ctx, nor for a writer
// that blocks, nor for more than 10 s. What is left is written when its writer goes on.
func (q *Queue) Flush(ctx context.Context) {
	if q == nil || !q.writing.Load() && len(q.lines) == 0 {
		return
	}
	ctx, stop := context.WithTimeout(ctx, flushMost)
	defer stop()
	mark := &Line{flushed: make(chan struct{})}
	into := q.lines // nil once it is in
	still := time.NewTicker(flushStill)
	defer still.Stop()
	for last := q.written.Load(); ; {
		select {
		case into <- mark:
			into = nil
			q.start()
		case <-mark.flushed:
			return
		case <-still.C:
			now := q.written.Load()
			if now == last {
				return
			}
			last = now
		case <-ctx.Done():
			return
		}
	}
}
