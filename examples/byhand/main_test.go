package main

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// agent is an agent that runs, and its cluster.
type agent struct {
	*testutil.Cluster
	ended chan error // gives what the agent returned, then it is closed
}

// startAgent runs an agent until the test ends, and returns when heartbeats have landed.
func startAgent(t *testing.T) agent {
	t.Helper()
	testutil.VerifyNone(t)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{
		Size: 3, Server: testutil.ServerConfig{HeartbeatTTLMin: 50 * time.Millisecond, HeartbeatTTLMax: 100 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := agent{Cluster: cluster, ended: make(chan error, 1)}
	ctx, interrupt := context.WithCancel(context.Background())
	go func() {
		a.ended <- run(ctx, cluster.Addrs())
		close(a.ended)
	}()
	t.Cleanup(func() {
		interrupt()
		if err := <-a.ended; err != nil {
			t.Error(err)
		}
		cluster.Stop(context.Background())
	})
	a.waitUntil(t, a.landed)
	return a
}

// waitUntil returns when ok does, and fails the test if the agent ends before.
func (a agent) waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case err := <-a.ended:
			t.Fatal("the agent has ended:", err)
		}
	}
}

// landed reports whether the cluster has the node, and three heartbeats of it.
func (a agent) landed() bool {
	nodes := a.Nodes()
	return len(nodes) == 1 && nodes[0].Heartbeats >= 3
}

func TestHeartbeatsGoOn(t *testing.T) {
	a := startAgent(t)
	if nodes := a.Nodes(); len(nodes) != 1 || nodes[0].Heartbeats < 3 || nodes[0].Identity == "" {
		t.Errorf("the cluster has %+v", nodes)
	}
}

func TestAPurgedNodeRegistersAgain(t *testing.T) {
	a := startAgent(t)
	for range 2 { // the second time it has the identity that the second registration gave it
		if !a.Purge(nodeID) {
			t.Fatal("the node was not registered")
		}
		a.waitUntil(t, a.landed)
	}
}

func TestANodeWhoseTokenIsDeniedRegistersAgain(t *testing.T) {
	a := startAgent(t)
	registrations := func() (n int64) {
		for _, s := range a.Servers() {
			n += s.Counts().Methods["Node.Register"]
		}
		return n
	}
	for _, text := range []string{testutil.ErrTextPermissionDenied, "ACL token not found"} {
		before := registrations()
		for _, s := range a.Servers() {
			s.Heal()
			s.Inject(testutil.AppError("Node.UpdateStatus", text).Times(1))
		}
		a.waitUntil(t, func() bool { return registrations() > before })
	}
}
