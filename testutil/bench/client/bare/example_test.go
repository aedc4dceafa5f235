package main

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func Example() {
	server, err := plainserver.Start(nil, body.Status{}, body.Node{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	heartbeat, err := body.Find("heartbeat")
	if err != nil {
		panic(err)
	}
	client, err := open(context.Background(), worker.Setup{Addr: server.Addr(), Call: heartbeat, Callers: 1})
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()
	var reply body.NodeUpdateResponse
	err = client.Call(context.Background(), 0, heartbeat.Method, heartbeat.Args, &reply)
	fmt.Println(reply.HeartbeatTTL, len(reply.Servers), err)
	// Output: 16.431s 3 <nil>
}
