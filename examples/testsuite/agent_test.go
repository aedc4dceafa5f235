package testsuite

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) } // fails when goroutines are left

func TestACallSurvivesItsServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(ctx)
	p, err := proxy.Start(proxy.Config{Servers: cluster.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(ctx)

	front, _ := p.FindServer()
	cluster.ServerAt(front.Addr).Inject(testutil.Mute()) // it answers pings, and no call
	var peers []string
	if err := p.Call(ctx, "Status.Peers", struct{}{}, &peers); err != nil || len(peers) != 3 {
		t.Errorf("%v, %v", peers, err)
	}
}
