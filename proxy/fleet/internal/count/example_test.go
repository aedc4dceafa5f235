package count_test

import (
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// The busiest second need not begin with a second.
func Example() {
	var c count.Counter
	for _, at := range []time.Duration{0, 800, 900, 1100, 1200} {
		c.Add(at * time.Millisecond)
	}
	most, _ := c.Peak(count.PerSecond, 0, time.Minute)
	fmt.Println(c.Sum(), most)
	// Output: 5 4
}
