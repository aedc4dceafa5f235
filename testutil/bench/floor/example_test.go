package floor_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/floor"
)

func Example() {
	server, err := floor.Start(nil)
	if err != nil {
		panic(err)
	}
	defer server.Close()
	c, err := floor.Open(context.Background(), server.Addr(), nil, 2, 100, 70_000)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Println(c.Call(0), c.Call(1), c.Call(0))
	// Output: <nil> <nil> <nil>
}
