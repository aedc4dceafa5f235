package testutil

import (
	"runtime"
	"time"
)

// betweenLooks is how long Leftover waits before it counts again.
const betweenLooks = 2 * time.Millisecond

// Leftover is how many goroutines there are above before, a number that
// runtime.NumGoroutine gave. Those about to end are given patience: it returns
// at once when none is left, and blocks no longer than that, but for the time in
// which the machine does not run this process.
func Leftover(before int, patience time.Duration) int {
	look := time.NewTicker(betweenLooks)
	defer look.Stop()
	for looks := patience / betweenLooks; ; looks-- {
		n := runtime.NumGoroutine() - before
		if n <= 0 {
			return 0
		}
		if looks <= 0 {
			return n
		}
		<-look.C
	}
}
