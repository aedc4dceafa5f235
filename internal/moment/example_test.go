package moment_test

import (
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// State keeps times in eight bytes, and gives them back at its edge.
func Example() {
	var clock moment.Clock
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	deadline := clock.Of(now).Add(time.Minute)
	fmt.Println(clock.Time(deadline).Format(time.TimeOnly), deadline.After(clock.Of(now)))
	// Output: 12:01:00 true
}
