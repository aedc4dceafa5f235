package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestTheNodeIsReadyWhileTheAgentRuns(t *testing.T) {
	testutil.VerifyNone(t)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(t.Context())
	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, cluster.Addrs(), &out) }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for nodes := cluster.Nodes(); !(len(nodes) == 1 && nodes[0].Status == "ready"); nodes = cluster.Nodes() {
		<-look.C
	}
	interrupt()
	if err := <-ended; err != nil || !strings.HasPrefix(out.String(), "the leader is 127.0.0.1:") {
		t.Errorf("%v, %q", err, out.String())
	}
	if nodes := cluster.Nodes(); len(nodes) != 1 || nodes[0].Status != "ready" {
		t.Errorf("the cluster has %+v", nodes)
	}
}
