package testutil

import (
	"sync/atomic"
	"time"
)

// stopwatchTick is the unit of a Stopwatch.
const stopwatchTick = 10 * time.Millisecond

// Stopwatch measures how long this process has been running, for bounds that a
// test must stay below: a time in which it was not run at all, because the machine
// had other things to do, counts as one tick of 10 ms. It never shows more than the
// clock does, so what stays below a bound by the clock does so by the stopwatch,
// too; and what takes too long while the process runs does not.
type Stopwatch struct{ ticks atomic.Int64 }

// StartStopwatch starts one that runs until the test ends: t is its testing.TB.
func StartStopwatch(t interface{ Cleanup(func()) }) *Stopwatch {
	w := &Stopwatch{}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		// Each tick is set only when the one before it was seen.
		tick := time.NewTimer(stopwatchTick)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.ticks.Add(1)
				tick.Reset(stopwatchTick)
			case <-quit:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(quit)
		<-ended
	})
	return w
}

// Elapsed is the time it has measured so far.
func (w *Stopwatch) Elapsed() time.Duration { return time.Duration(w.ticks.Load()) * stopwatchTick }
