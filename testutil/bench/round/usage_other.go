//go:build !unix

package round

import "time"

// CPU returns 0: the platform does not tell the CPU time of the process.
func CPU() time.Duration { return 0 }
