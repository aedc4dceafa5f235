package proxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// limit is how long a test waits for what should happen at once.
const limit = 20 * time.Second

// startCluster runs n servers until the test ends.
func startCluster(t testing.TB, n int) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{
		Size:   n,
		Server: testutil.ServerConfig{RPCHoldTimeout: 300 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// startProxy runs a proxy until the test ends; seed 1 unless cfg has one.
func startProxy(t testing.TB, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// within is a context that ends before a test would hang.
func within(t testing.TB) context.Context {
	ctx, stop := context.WithTimeout(context.Background(), limit)
	t.Cleanup(stop)
	return ctx
}

// active is the server in front.
func active(t testing.TB, p *proxy.Proxy) messages.Server {
	t.Helper()
	s, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// infos names addrs as a heartbeat does.
func infos(addrs ...string) []messages.ServerInfo {
	out := make([]messages.ServerInfo, 0, len(addrs))
	for _, a := range addrs {
		out = append(out, messages.ServerInfo{RPCAdvertiseAddr: a})
	}
	return out
}
