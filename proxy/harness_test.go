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
const limit = 30 * time.Second

// far is later than any test waits.
const far = time.Hour

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
	t.Cleanup(func() { stop(t, c.Stop) })
	return c
}

// startProxy runs a proxy until the test ends; seed 1 unless cfg has one. What it
// does over a pool of its own it does in real time, and there a test that was not
// run for a moment must not look like a server that is silent: the limits that cfg
// leaves open are far away.
func startProxy(t testing.TB, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	if cfg.Pinger == nil {
		for _, open := range []*time.Duration{
			&cfg.Pool.DialTimeout, &cfg.Pool.SilenceLimit, &cfg.Pool.PingTimeout, &cfg.ProbeTimeout,
			&cfg.Rebalance.Spread, // no round soon after a failover
		} {
			if *open == 0 {
				*open = far
			}
		}
	}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p.Stop) })
	return p
}

// stop ends what a test started.
func stop(t testing.TB, end func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := end(ctx); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// within is a context that ends before a test would hang.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// endless is a context without a deadline, and yet a test does not hang on it.
func endless(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	late := time.AfterFunc(limit, cancel)
	t.Cleanup(func() { late.Stop(); cancel() })
	return ctx
}

// eventually waits until holds reports true.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// awaitView waits for a view that is as wanted.
func awaitView(t testing.TB, p *proxy.Proxy, what string, wanted func(*messages.View) bool) *messages.View {
	t.Helper()
	for v := range p.Watch(within(t)) {
		if wanted(v) {
			return v
		}
	}
	t.Fatalf("%s: not within %v; the view is %s", what, limit, picture(p.View()))
	return nil
}

// ends waits until do has ended.
func ends(t testing.TB, what string, do func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	select {
	case <-ended:
	case <-time.After(limit):
		t.Fatalf("%s: not within %v", what, limit)
	}
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

// server reads an address.
func server(t testing.TB, addr string) messages.Server {
	t.Helper()
	s, err := messages.ParseServer(addr)
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
