package dns_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func TestAProxyThatKnowsOnlyANameReachesItsServersAndFollowsThem(t *testing.T) {
	var clusters []*testutil.Cluster
	for range 2 {
		c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, c.Stop) })
		clusters = append(clusters, c)
	}
	s := startDNS(t, dnstest.Config{}, "one.test. 1 IN A 127.0.0.1")
	points := func(c *testutil.Cluster) {
		_, port, _ := net.SplitHostPort(c.Addrs()[0])
		set(t, s, fmt.Sprintf("_rpc._tcp.test. 1 IN SRV 1 1 %s one.test.", port))
	}
	points(clusters[0])
	p, err := proxy.Start(proxy.Config{
		Discoverer:       discoverer(t, s, dns.Config{Names: []string{"_rpc._tcp.test."}}),
		DiscoverInterval: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p.Stop) })
	for _, c := range clusters {
		points(c)
		for _, other := range clusters {
			if other != c {
				other.Kill(0)
			}
		}
		if err := c.Server(0).Restart(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Rebalance(within(t)); err != nil { // a round that finds no server runs discovery
			t.Fatal(err)
		}
		var answer any
		if err := p.Call(within(t), "Status.Ping", map[string]any{}, &answer); err != nil {
			t.Fatal(err)
		}
		if c.Server(0).Counts().Methods["Status.Ping"] == 0 {
			t.Error("somebody else answered")
		}
	}
}

func stop(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Error(err)
	}
}
