package plainserver_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func Example() {
	server, err := plainserver.Start(nil, body.Node{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	session, err := plainclient.Dial(context.Background(), server.Addr(), plainclient.Config{})
	if err != nil {
		panic(err)
	}
	defer session.Close()
	var reply body.NodeUpdateResponse
	err = session.Call("Node.UpdateStatus", body.NodeUpdateStatusRequest{}, &reply)
	fmt.Println(reply.LeaderRPCAddr, err)
	// Output: 10.42.0.11:4647 <nil>
}
