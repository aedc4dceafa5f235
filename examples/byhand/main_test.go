package main

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestHeartbeatsGoOn(t *testing.T) {
	testutil.VerifyNone(t)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{
		Size: 3, Server: testutil.ServerConfig{HeartbeatTTLMin: 50 * time.Millisecond, HeartbeatTTLMax: 100 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(t.Context())
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, cluster.Addrs()) }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for nodes := cluster.Nodes(); !(len(nodes) == 1 && nodes[0].Heartbeats >= 3); nodes = cluster.Nodes() {
		<-look.C
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if nodes := cluster.Nodes(); len(nodes) != 1 || nodes[0].Heartbeats < 3 || nodes[0].Identity == "" {
		t.Errorf("the cluster has %+v", nodes)
	}
}
