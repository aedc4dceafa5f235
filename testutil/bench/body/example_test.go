package body_test

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
)

func Example() {
	for _, c := range body.All() {
		args, reply, err := c.Sizes()
		fmt.Printf("%s, %s: %d bytes there, %d back, %v\n", c.Name, c.Method, args, reply, err)
	}
	// Output:
}
