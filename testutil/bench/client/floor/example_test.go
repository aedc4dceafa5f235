package main

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/floor"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func Example() {
	server, err := floor.Start(nil)
	if err != nil {
		panic(err)
	}
	defer server.Close()
	ping, err := body.Find("ping")
	if err != nil {
		panic(err)
	}
	client, err := open(context.Background(), worker.Setup{Addr: server.Addr(), Call: ping, Callers: 2})
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()
	fmt.Println(client.Call(context.Background(), 1, ping.Method, nil, nil))
	// Output: <nil>
}
