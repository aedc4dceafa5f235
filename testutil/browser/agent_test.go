//go:build browser

package browser_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

const (
	limit = 3 * time.Minute // how long a test waits for what should happen at once
	far   = time.Hour       // later than any test waits
)

// agent is a proxy that calls a cluster all the time.
type agent struct {
	cluster *testutil.Cluster
	proxy   *proxy.Proxy
}

// startAgent runs an agent until the test ends, over three servers, of which each heartbeat names
// all.
func startAgent(t *testing.T) *agent {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3, Server: testutil.ServerConfig{RPCHoldTimeout: 300 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c.Stop) })
	cfg := proxy.Config{Servers: c.Addrs(), Seed: 1, ProbeTimeout: far}
	cfg.Pool.DialTimeout, cfg.Pool.SilenceLimit, cfg.Pool.PingTimeout = far, far, far
	cfg.Rebalance.Spread = far // no round moves it back
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p.Stop) })
	a := &agent{cluster: c, proxy: p}
	a.heartbeat(t)
	a.call(t)
	return a
}

// call calls the server in front until the test ends.
func (a *agent) call(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			_ = a.proxy.Call(ctx, "Status.Ping", struct{}{}, nil)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
}

// heartbeat has a heartbeat answered by the server in front.
func (a *agent) heartbeat(t *testing.T) {
	t.Helper()
	var infos []messages.ServerInfo
	for _, addr := range a.cluster.Addrs() {
		infos = append(infos, messages.ServerInfo{RPCAdvertiseAddr: addr})
	}
	err := a.proxy.Heartbeat(t.Context(), messages.HeartbeatUpdate{Servers: infos, NumNodes: 12, LeaderRPCAddr: a.cluster.Leader(), TTL: far})
	if err != nil {
		t.Fatal(err)
	}
}

// front is the address of the server in front.
func (a *agent) front(t *testing.T) string {
	t.Helper()
	s, err := a.proxy.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	return s.Addr
}

// kill kills the server in front, and returns the move that this leads to.
func (a *agent) kill(t *testing.T) proxy.MoveStatus {
	t.Helper()
	dead := a.front(t)
	a.cluster.ServerAt(dead).Kill()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for v := range a.proxy.Watch(ctx) {
		if s, ok := v.Active(); ok && s.Addr != dead {
			moves := a.proxy.Snapshot().Moves
			return moves[len(moves)-1]
		}
	}
	t.Fatalf("no other server is in front within %v", limit)
	return proxy.MoveStatus{}
}

// stop ends what a test started.
func stop(t *testing.T, end func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := end(ctx); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// serve serves at a free port until the test ends.
func serve(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	url, end := listen(t, "127.0.0.1:0", h)
	t.Cleanup(end)
	return url
}

// show serves the status of what is shown until the test ends.
func show(t *testing.T, of status.Source) (url string) {
	t.Helper()
	return serve(t, status.New(of, status.Config{}))
}

// listen serves at an address until end is called.
func listen(t *testing.T, addr string, h http.Handler) (url string, end func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server, done := &http.Server{Handler: h}, make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving: %v", err)
		}
	}()
	return "http://" + l.Addr().String() + "/", func() { stop(t, server.Shutdown); <-done }
}
