package testsuite

import (
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) } // fails when goroutines are left

func TestACallSurvivesItsServer(t *testing.T) {
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop(t.Context())
	p, err := proxy.Start(proxy.Config{Servers: cluster.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(t.Context())

	front, _ := p.FindServer()
	cluster.ServerAt(front.Addr).Inject(testutil.Mute()) // it answers pings, and no call
	var peers []string
	if err := p.Call(t.Context(), "Status.Peers", struct{}{}, &peers); err != nil || len(peers) != 3 {
		t.Errorf("%v, %v", peers, err)
	}
}
