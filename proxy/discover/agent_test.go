package discover_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// limit is how long a test waits for what should take a moment.
const limit = 30 * time.Second

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func stop(t testing.TB, end func(context.Context) error) {
	t.Helper()
	if err := end(within(t)); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// eventually waits until holds reports true.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	late := time.After(limit)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// far is later than any test waits.
const far = time.Hour

// startCluster runs servers until the test ends. Heartbeats hold for so long that no
// agent is an orphan because it was not run for a while.
func startCluster(t testing.TB, n int) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: n, Server: testutil.ServerConfig{
		RPCHoldTimeout: 200 * time.Millisecond, HeartbeatTTLMin: far,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c.Stop) })
	return c
}

// startProxy runs a proxy that looks for servers every second, not every quarter
// of a minute. Servers that are gone refuse, so it can be patient with the others.
func startProxy(t testing.TB, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	cfg.DiscoverInterval, cfg.ProbeTimeout = time.Second, far
	cfg.Pool = pool.Config{DialTimeout: far, SilenceLimit: far}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p.Stop) })
	return p
}

// agent is a node that registers and sends heartbeats until the test ends.
type agent struct {
	t     testing.TB
	proxy *proxy.Proxy
	beats chan string // the server that answered a heartbeat; those without a receiver are lost
	token atomic.Pointer[string]
}

const (
	nodeID = "3d1f0b7e-9a44-4c5e-8f0e-6f1c3a522a90"
	secret = "7c2e6d4f-5f33-4d0a-9a3b-0b9d8c1e8a15"
)

func startAgent(t testing.TB, p *proxy.Proxy) *agent {
	t.Helper()
	a := &agent{t: t, proxy: p, beats: make(chan string)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(50 * time.Millisecond)
		defer every.Stop()
		for ctx.Err() == nil {
			if from := a.beat(ctx); from != "" {
				select {
				case a.beats <- from:
				default:
				}
			}
			select {
			case <-every.C:
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return a
}

// beat sends one heartbeat, the first time a registration, and answers which
// server took it; empty: none did.
func (a *agent) beat(ctx context.Context) string {
	limited, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var reply struct {
		Servers        []messages.ServerInfo
		NumNodes       int
		LeaderRPCAddr  string
		HeartbeatTTL   time.Duration
		SignedIdentity *string
	}
	var from messages.Server
	method, args := "Node.UpdateStatus", map[string]any{"Region": "global", "NodeID": nodeID, "Status": "ready"}
	if token := a.token.Load(); token != nil {
		args["AuthToken"] = *token
	} else {
		method, args = "Node.Register", map[string]any{"Region": "global", "Node": map[string]any{
			"ID": nodeID, "SecretID": secret, "Name": "n", "Datacenter": "dc1",
			"Attributes": map[string]string{"nomad.version": "1.11.0"},
		}}
	}
	if err := a.proxy.Call(limited, method, args, &reply, proxy.WithAnsweredBy(&from)); err != nil {
		if limited.Err() == nil {
			a.token.Store(nil) // another cluster does not know the node: register there
		}
		return ""
	}
	if reply.SignedIdentity != nil {
		a.token.Store(reply.SignedIdentity)
	}
	_ = a.proxy.Heartbeat(ctx, messages.HeartbeatUpdate{ // fails only with ctx, or without a server named
		Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr,
		TTL: reply.HeartbeatTTL, From: from,
	})
	return from.Addr
}

// answeredBy waits for a heartbeat that one of addrs has taken, and tells how long
// that took.
func (a *agent) answeredBy(what string, addrs ...string) time.Duration {
	a.t.Helper()
	began := time.Now()
	late := time.After(limit)
	for {
		select {
		case from := <-a.beats:
			for _, addr := range addrs {
				if from == addr {
					return time.Since(began)
				}
			}
		case <-late:
			a.t.Fatalf("%s: not within %v\n%s", what, limit, a.proxy.Explain())
		}
	}
}
