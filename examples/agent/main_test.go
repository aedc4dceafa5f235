package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// lines is where the agent writes.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

func TestWhatAServerCallsTheLeaderMovesNoCursor(t *testing.T) {
	testutil.VerifyNone(t)
	for _, text := range testutil.HostileTexts() {
		cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		cluster.Server(0).Handle("Status.Leader", func(context.Context, *testutil.Request) (any, error) { return text, nil })
		ctx, interrupt := context.WithCancel(t.Context())
		out, ended := make(lines, 1), make(chan error, 1)
		go func() { ended <- run(ctx, cluster.Addrs(), out) }()
		var said string
		select {
		case said = <-out:
		case err := <-ended:
			t.Fatal(err)
		}
		interrupt()
		testutil.CheckShown(t, "the leader", strings.TrimSuffix(said, "\n"))
		if err := <-ended; err != nil || len(said) > 5000 {
			t.Errorf("%v, %d bytes", err, len(said))
		}
		cluster.Stop(t.Context())
	}
}

func TestTheNodeIsReadyWhileTheAgentRuns(t *testing.T) {
	testutil.VerifyNone(t)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(t.Context())
	ctx, interrupt := context.WithCancel(t.Context())
	out, ended := make(lines, 1), make(chan error, 1)
	go func() { ended <- run(ctx, cluster.Addrs(), out) }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for nodes := cluster.Nodes(); !(len(nodes) == 1 && nodes[0].Status == "ready"); nodes = cluster.Nodes() {
		<-look.C
	}
	var said string
	select { // heartbeats go on beside the call, which may be answered later than they are
	case said = <-out:
	case err := <-ended:
		t.Fatal(err)
	}
	interrupt()
	if err := <-ended; err != nil || !strings.HasPrefix(said, `the leader is "127.0.0.1:`) {
		t.Errorf("%v, %q", err, said)
	}
	if nodes := cluster.Nodes(); len(nodes) != 1 || nodes[0].Status != "ready" {
		t.Errorf("the cluster has %+v", nodes)
	}
}
