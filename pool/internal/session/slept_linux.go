package session

import (
	"time"

	"golang.org/x/sys/unix"
)

// slept is for how long this machine has been suspended since it was started. The monotonic
// clock stands still meanwhile, so a session seems to have been heard of a moment ago.
func slept() time.Duration {
	var running, all unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &all) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &running) != nil {
		return 0
	}
	return time.Duration(all.Nano() - running.Nano())
}
