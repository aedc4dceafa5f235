package heartbeat_test

import (
	"context"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
	"github.com/open-nomad/rpcproxy/testutil"
)

// An agent: it finds the servers, registers its node and keeps it alive.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop(ctx)

	err = agent(ctx, cluster.Addrs(), func(p *proxy.Proxy, hb *heartbeat.Heartbeat) error {
		err := hb.SetStatus(ctx, heartbeat.Ready) // waits until a server has taken it
		fmt.Println("the cluster has", p.NumNodes(), "node")
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	for _, n := range cluster.Nodes() {
		fmt.Println(n.Name, "is", n.Status)
	}
	// Output:
	// the cluster has 1 node
	// worker-1 is ready
}

// agent is all that an agent needs besides its work.
func agent(ctx context.Context, servers []string, work func(*proxy.Proxy, *heartbeat.Heartbeat) error) error {
	p, err := proxy.Start(proxy.Config{Servers: servers})
	if err != nil {
		return err
	}
	defer p.Stop(ctx)
	hb, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: heartbeat.Node{
		ID: "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90", SecretID: "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15",
		Name: "worker-1", Datacenter: "dc1", Attributes: map[string]string{"nomad.version": "2.0.6"},
	}})
	if err != nil {
		return err
	}
	defer hb.Stop(ctx)
	return work(p, hb)
}

// What the cluster answers comes by callbacks.
func ExampleConfig() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop(ctx)
	p, err := proxy.Start(proxy.Config{Servers: cluster.Addrs()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Stop(ctx)

	type node struct { // the agent's own
		ID, SecretID, Name, Datacenter string
		Attributes                     map[string]string
	}
	landed := make(chan string, 1)
	hb, err := heartbeat.Start(heartbeat.Config{
		Proxy: p,
		Node: &node{
			ID: "6f1c3a52-9a44-4c5e-8f0e-3d1f0b7e2a90", SecretID: "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15",
			Name: "worker-1", Datacenter: "dc1", Attributes: map[string]string{"nomad.version": "2.0.6"},
		},
		OnRegistered: func(r heartbeat.Reply) { fmt.Println("registered, new identity:", r.IdentityRenewed) },
		OnReply: func(r heartbeat.Reply) {
			select {
			case landed <- r.SchedulingEligibility:
			default:
			}
		},
		OnMissed: func(m heartbeat.Missed) { fmt.Println("missed a TTL of", m.TTL, "because", m.Err) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer hb.Stop(ctx)
	fmt.Println("heartbeat answered, node is", <-landed)
	// Output:
	// registered, new identity: true
	// heartbeat answered, node is eligible
}
