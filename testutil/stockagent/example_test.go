package stockagent_test

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stockagent"
)

func Example() {
	ctx := context.Background()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{
		Server: testutil.ServerConfig{HeartbeatTTLMin: 10 * time.Millisecond},
	})
	if err != nil {
		panic(err)
	}
	defer cluster.Stop(ctx)

	agent, err := stockagent.Start(stockagent.Config{Servers: cluster.Addrs()})
	if err != nil {
		panic(err)
	}
	defer agent.Stop(ctx)
	stats, err := agent.Await(ctx, func(s stockagent.Stats) bool { return s.Heartbeats >= 3 })
	fmt.Println(stats.Registrations, stats.Missed, len(stats.Servers), err)

	var reply struct{ NodeID string }
	err = cluster.Server(0).CallNode(ctx, agent.NodeID(), "ClientStats.Stats", map[string]any{}, &reply)
	fmt.Println(reply.NodeID == agent.NodeID(), err)
	// Output:
	// 1 0 3 <nil>
	// true <nil>
}
