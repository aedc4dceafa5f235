// Command quickstart is the cluster and the agent of a reader who follows docs/sidecar.md. It starts three servers and
// prints their addresses, as a list of the sidecar's configuration. For the address that comes in on standard
// input it starts an agent, and prints "served" once the agent's heartbeats have kept its node alive and the leader has
// called the agent back. It ends with its input.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/stockagent"
)

// beats is how many heartbeats an agent must have made.
const beats = 5

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to cancel
	}
}

func run(ctx context.Context) error {
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Server: testutil.ServerConfig{HeartbeatTTLMin: time.Second}})
	if err != nil {
		return err
	}
	defer cluster.Stop(ctx)
	fmt.Printf("[\"%s\"]\n", strings.Join(cluster.Addrs(), `", "`))
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := serve(ctx, cluster, in.Text()); err != nil {
			return err
		}
		fmt.Println("served")
	}
	return nil
}

// serve is an agent whose only server is at addr, until it was served.
func serve(ctx context.Context, cluster *testutil.Cluster, addr string) error {
	agent, err := stockagent.Start(stockagent.Config{Servers: []string{addr}})
	if err != nil {
		return err
	}
	defer agent.Stop(ctx)
	stats, err := agent.Await(ctx, func(s stockagent.Stats) bool { return s.Heartbeats >= beats })
	if err != nil {
		return fmt.Errorf("after %d registrations and %d heartbeats: %w", stats.Registrations, stats.Heartbeats, err)
	}
	if len(stats.Servers) != 1 || stats.Servers[0] != addr || stats.Missed > 0 {
		return fmt.Errorf("the agent knows %q, and missed %d heartbeats", stats.Servers, stats.Missed)
	}
	var reply struct{ NodeID string }
	if err := cluster.Server(0).CallNode(ctx, agent.NodeID(), "ClientStats.Stats", map[string]any{}, &reply); err != nil {
		return err
	}
	if reply.NodeID != agent.NodeID() {
		return fmt.Errorf("the agent that was called says it is %q", reply.NodeID)
	}
	return nil
}
