package main

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func Example() {
	addrs, stop, err := serve()
	if err != nil {
		panic(err)
	}
	for _, c := range body.All() {
		client, err := open(context.Background(), worker.Setup{Addr: addrs[worker.GRPC], Call: c, Callers: 1})
		if err != nil {
			panic(err)
		}
		reply := c.New()
		err = client.Call(context.Background(), 0, c.Method, c.Args, reply)
		fmt.Println(c.Name, err, c.Check(reply), client.Close())
	}
	fmt.Println(stop())
	// Output:
	// ping <nil> <nil> <nil>
	// heartbeat <nil> <nil> <nil>
	// allocs <nil> <nil> <nil>
	// job <nil> <nil> <nil>
	// <nil>
}
