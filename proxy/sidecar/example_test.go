package sidecar_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// An agent that knows nothing of the sidecar has its calls carried to a cluster.
func Example() {
	ctx := context.Background()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		panic(err)
	}
	defer cluster.Stop(ctx)
	side, err := sidecar.Start(sidecar.Config{
		Listen: []string{"127.0.0.1:0"},
		Proxy:  proxy.Config{Servers: cluster.Addrs()},
	})
	if err != nil {
		panic(err)
	}
	defer side.Stop(ctx)

	agent, err := plainclient.Dial(ctx, side.Addrs()[0].String(), plainclient.Config{})
	if err != nil {
		panic(err)
	}
	defer agent.Close()
	var leader string
	err = agent.Call("Status.Leader", map[string]string{"Region": "global"}, &leader)
	fmt.Println(err, leader == cluster.Leader())
	// Output: <nil> true
}
