//go:build unix

package round

import (
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the CPU time that the process has taken, its own and the kernel's for it; 0 where
// the platform does not tell.
func CPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
