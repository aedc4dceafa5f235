package main

import (
	"runtime"
	"time"
)

// leaked is how many goroutines there are above before. Those about to end are
// given two seconds.
func leaked(before int) int {
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	over := time.NewTimer(2 * time.Second)
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
