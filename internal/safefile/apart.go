package safefile

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// maxOverdue bounds the goroutines of the process that file systems do not answer: each
// holds a thread, and a program that looks at its files again and again would make more
// and more of them.
const maxOverdue = 16

var overdue atomic.Int64

// apart calls f in a goroutine of its own, and waits for it until ctx ends, or for limit.
func apart[T any](ctx context.Context, limit time.Duration, f func() (T, error)) (none T, err error) {
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	if n := overdue.Load(); n >= maxOverdue {
		return none, refusal{reason: fmt.Sprintf("%d files are still being read whose file systems do not answer", n), advice: "look at what is mounted"}
	}
	type result struct {
		value T
		err   error
	}
	results := make(chan result, 1)
	var settled atomic.Bool // by who comes first: f's end, or its caller who leaves
	go func() {
		value, err := f()
		results <- result{value, err}
		if !settled.CompareAndSwap(false, true) {
			overdue.Add(-1)
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-results:
		return r.value, r.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timer.C:
		err = refusal{reason: fmt.Sprintf("no answer within %v", limit), advice: "look at what is mounted there"}
	}
	overdue.Add(1)
	if settled.CompareAndSwap(false, true) {
		return none, err
	}
	overdue.Add(-1)
	r := <-results
	return r.value, r.err
}
