package testutil

import (
	"runtime"
	"time"
)

// Leftover is how many goroutines there are above before, a number that
// runtime.NumGoroutine gave. Those about to end are given patience: it returns
// at once when none is left, and blocks no longer than that.
func Leftover(before int, patience time.Duration) int {
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		n := runtime.NumGoroutine() - before
		if n <= 0 {
			return 0
		}
		select {
		case <-look.C:
		case <-over.C:
			return n
		}
	}
}
