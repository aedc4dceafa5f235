//go:build !linux

package session

import "time"

// begin is when the process began.
var begin = time.Now()

// slept is for how long the wall clock has gone on since the process began while the
// monotonic clock stood still, as it does on a machine that is suspended. A wall clock that
// is set counts as well: that costs a ping.
func slept() time.Duration {
	now := time.Now()
	return now.Round(0).Sub(begin.Round(0)) - now.Sub(begin) //nolint:forbidigo // the difference between the two clocks is wanted
}
