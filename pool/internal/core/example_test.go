package core_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// The owner takes a message, lets the core decide, and carries out its effects in order.
func Example() {
	c, now := core.New(core.Config{
		Idle: time.Minute, Chance: rand.Float64,
		Usage:    func(uint64) core.Usage { return core.Usage{} },
		Classify: func(error) (timeout, credentials bool) { return false, false },
	}), time.Unix(0, 0)
	for _, m := range []core.Message{
		core.Connect{Addr: "10.0.0.1:4647"},
		core.Dialed{Addr: "10.0.0.1:4647", Session: 1},
	} {
		c.Step(now, m)
		for _, e := range c.Take() {
			switch e := e.(type) {
			case core.Dial:
				fmt.Println("dial", e.Addr)
			case core.Publish:
				fmt.Println("publish", e.Sessions)
			}
		}
	}
	fmt.Println("next look after", c.Deadline().Sub(now))
	// Output:
	// dial 10.0.0.1:4647
	// publish map[10.0.0.1:4647:1]
	// next look after 1m0s
}
