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
	// ping, Status.Ping: 35 bytes there, 42 back, <nil>
	// heartbeat, Node.UpdateStatus: 236 bytes there, 510 back, <nil>
	// allocs, Alloc.List: 243 bytes there, 70008 back, <nil>
	// job, Job.Register: 1048979 bytes there, 192 back, <nil>
}
