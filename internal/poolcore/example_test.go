package poolcore_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// unused is an owner whose sessions carry nothing.
type unused struct{}

func (unused) Chance() float64                            { return rand.Float64() }
func (unused) Usage(uint64) poolcore.Usage                { return poolcore.Usage{} }
func (unused) Classify(error) (timeout, credentials bool) { return false, false }

// The owner takes a message, lets the core decide, and carries out its effects in order.
func Example() {
	c, now := poolcore.New(&poolcore.Config{Idle: time.Minute}, unused{}), time.Unix(0, 0)
	for _, m := range []poolcore.Message{
		poolcore.Connect{Addr: "10.0.0.1:4647"},
		poolcore.Dialed{Addr: "10.0.0.1:4647", Session: 1},
	} {
		c.Step(now, m)
		for _, e := range c.Take() {
			switch e := e.(type) {
			case poolcore.Dial:
				fmt.Println("dial", e.Addr)
			case poolcore.Publish:
				fmt.Println("publish", e.Sessions)
			}
		}
	}
	fmt.Println("next look after", c.Deadline().Sub(now))
	// Output:
	// dial 10.0.0.1:4647
	// publish [{10.0.0.1:4647 1}]
	// next look after 1m0s
}
