package heartbeat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
	"github.com/open-nomad/rpcproxy/testutil"
)

// startCluster runs n servers that grant a TTL, until the test ends.
func startCluster(t testing.TB, n int, ttl time.Duration) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{
		Size:   n,
		Server: testutil.ServerConfig{HeartbeatTTLMin: ttl, RPCHoldTimeout: 300 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stops(t, c) })
	return c
}

// startProxy runs a proxy over TCP until the test ends. It makes no moves of its own.
func startProxy(t testing.TB, c *testutil.Cluster, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	cfg.Servers, cfg.Rebalance.Spread = c.Addrs(), time.Hour
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stops(t, p) })
	return p
}

// node is the one node of the cluster.
func node(t testing.TB, c *testutil.Cluster) testutil.NodeRecord {
	t.Helper()
	all := c.Nodes()
	if len(all) != 1 {
		t.Fatalf("%d nodes: %v", len(all), all)
	}
	return all[0]
}

// reachable reports whether a server can call the agent.
func reachable(t testing.TB, s *testutil.Server) bool {
	t.Helper()
	var said string
	return s.CallNode(within(t), nodeID, "Agent.Name", dict{}, &said) == nil && said == "worker"
}

// named answers the reverse call Agent.Name.
func named() pool.Config {
	return pool.Config{Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"Agent.Name": func(context.Context, func(any) error) (any, error) { return "worker", nil },
	}}}
}

func TestANodeIsRegisteredReadyAndHasItsIdentity(t *testing.T) {
	c := startCluster(t, 3, 10*time.Second)
	p := startProxy(t, c, proxy.Config{Pool: named()})
	cfg, events := listening(heartbeat.Config{})
	h := start(t, p, cfg)
	r := await(t, "registered", events.registered)
	if !r.IdentityRenewed || r.NumNodes != 1 || len(r.Servers) != 3 || r.Index == 0 || r.TTL != 10*time.Second {
		t.Errorf("%+v", r)
	}
	r = await(t, "landed", events.replies)
	n := node(t, c)
	if n.Status != "ready" || n.Name != "worker" || n.Server != r.Server.Addr {
		t.Errorf("%+v", n)
	}
	if n.Identity == "" || h.AuthToken() != n.Identity {
		t.Errorf("token %q, want %q", h.AuthToken(), n.Identity)
	}
	if p.LeaderAddr() != c.Leader() || p.NumNodes() != 1 {
		t.Errorf("the proxy knows the leader %q and %d nodes", p.LeaderAddr(), p.NumNodes())
	}
	if !reachable(t, c.ServerAt(r.Server.Addr)) {
		t.Error("the server cannot reach the agent")
	}
}

func TestHeartbeatsGoOnWhenTheirServerDiesOrFreezes(t *testing.T) {
	t.Parallel()
	for name, breakServer := range map[string]func(*testutil.Server){
		"killed": (*testutil.Server).Kill, "shut down": (*testutil.Server).Shutdown, "frozen": (*testutil.Server).Freeze,
	} {
		c := startCluster(t, 3, time.Second)
		p := startProxy(t, c, proxy.Config{})
		cfg, events := listening(heartbeat.Config{})
		start(t, p, cfg)
		front := await(t, "landed", events.replies).Server
		breakServer(c.ServerAt(front.Addr))
		for {
			if r := await(t, name+": landed elsewhere", events.replies); r.Server != front {
				break
			}
		}
		if n := len(events.registered); n != 1 {
			t.Errorf("%s: registered %d times", name, n)
		}
	}
}

func TestHeartbeatsSucceedAgainWhenAClusterHasALeaderAgain(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, time.Second)
	p := startProxy(t, c, proxy.Config{})
	cfg, events := listening(heartbeat.Config{})
	start(t, p, cfg)
	await(t, "landed", events.replies)
	c.Kill(0)
	c.Kill(1)
	m := await(t, "missed", events.missed)
	if m.TTL != time.Second || m.Err == nil && m.Tries > 0 { // none: the machine stood still for so long
		t.Errorf("%+v", m)
	}
	for i := range 2 {
		if err := c.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if r := await(t, "landed late", events.replies); r.Late > 0 {
			break // one may have been on its way
		}
	}
	if n := len(events.registered); n != 1 {
		t.Errorf("registered %d times", n)
	}
}

// A server knows a purged node's identity, and denies its secret: both lead to
// another registration. A node without a version is given no identity.
func TestAPurgedNodeRegistersAgain(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, time.Second)
	p := startProxy(t, c, proxy.Config{})
	for name, attributes := range map[string]map[string]string{
		"with a version": {"nomad.version": "2.0.6"}, "without one": {"kernel.name": "linux"},
	} {
		n := aNode()
		n.Attributes = attributes
		cfg, events := listening(heartbeat.Config{Node: n})
		h := start(t, p, cfg)
		await(t, name+": registered", events.registered)
		await(t, name+": landed", events.replies)
		if !c.Purge(nodeID) {
			t.Fatal("it was not registered")
		}
		await(t, name+": registered again", events.registered)
		eventually(t, name+": ready again", events.replies, func() bool { return node(t, c).Status == "ready" })
		stops(t, h)
		c.Purge(nodeID)
	}
}

func TestADeniedHeartbeatLeadsToARegistration(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, time.Second)
	p := startProxy(t, c, proxy.Config{})
	cfg, events := listening(heartbeat.Config{})
	start(t, p, cfg)
	await(t, "registered", events.registered)
	await(t, "landed", events.replies)
	for _, s := range c.Servers() {
		s.Inject(testutil.AppError("Node.UpdateStatus", testutil.ErrTextPermissionDenied))
	}
	await(t, "registered again", events.registered)
	for _, s := range c.Servers() {
		s.Heal()
	}
	for range len(events.replies) {
		<-events.replies
	}
	await(t, "landed again", events.replies)
}

// The TTL is an hour: only what a move or a broken session leads to is sent.
func TestTheServerInFrontCanCallTheAgentAfterAMove(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, time.Hour)
	p := startProxy(t, c, proxy.Config{Pool: named()})
	cfg, events := listening(heartbeat.Config{})
	start(t, p, cfg)
	await(t, "registered", events.registered)
	front := await(t, "landed", events.replies).Server
	c.ServerAt(front.Addr).Kill()
	if err := p.Call(within(t), "Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	r := await(t, "landed elsewhere", events.replies)
	if r.Server == front || !reachable(t, c.ServerAt(r.Server.Addr)) {
		t.Errorf("%v, which cannot reach the agent", r.Server)
	}
}

func TestTheOnlyServerCanCallTheAgentAfterItsRestart(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, time.Hour)
	p := startProxy(t, c, proxy.Config{Pool: named()})
	cfg, events := listening(heartbeat.Config{})
	start(t, p, cfg)
	await(t, "registered", events.registered)
	await(t, "landed", events.replies)
	if err := c.Restart(0); err != nil {
		t.Fatal(err)
	}
	for { // until the session that broke was noticed, an answer changes nothing
		if err := p.Call(within(t), "Status.Ping", dict{}, nil); err != nil {
			t.Fatal(err)
		}
		select {
		case <-events.replies:
			if !reachable(t, c.Server(0)) {
				t.Error("the server cannot reach the agent")
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestAHundredAgentsLoseOneServerAndAreAllServed(t *testing.T) {
	testutil.VerifyNone(t)
	c := startCluster(t, 3, 2*time.Second)
	const agents = 100
	landed := make([]chan heartbeat.Reply, agents)
	for i := range agents {
		landed[i] = make(chan heartbeat.Reply, 1024)
		n := aNode()
		n.ID = fmt.Sprintf("%08d-9a44-4c5e-8f0e-3d1f0b7e2a90", i)
		n.SecretID = fmt.Sprintf("%08d-5f33-4d0a-9a3b-7c2e6d4f8a15", i)
		p := startProxy(t, c, proxy.Config{})
		h, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: n, OnReply: func(r heartbeat.Reply) { offer(landed[i], r) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stops(t, h) })
	}
	for i := range agents {
		await(t, "landed", landed[i])
	}
	c.Kill(0)
	dead := c.Addrs()[0]
	for i := range agents {
		for await(t, "landed elsewhere", landed[i]).Server.Addr == dead { // those before the end
		}
	}
	if all := c.Nodes(); len(all) != agents {
		t.Errorf("%d nodes", len(all))
	} else {
		for _, n := range all {
			if n.Status != "ready" || n.Server == dead {
				t.Errorf("%+v", n)
			}
		}
	}
}

// eventually takes events until holds reports true.
func eventually[E any](t testing.TB, what string, from <-chan E, holds func() bool) {
	t.Helper()
	for !holds() {
		await(t, what, from)
	}
}

// New credentials replace the session by which the servers know the agent, and the old
// one ends soon if its trust was withdrawn: long before the next heartbeat of a long TTL,
// and without a call of anybody else.
func TestAnAgentIsReachedOnTheSessionWithNewCredentials(t *testing.T) {
	ca, other := newCA(t), newCA(t)
	server, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	credentials := func(trusted ...*testutil.CA) *pool.TLSConfig {
		client, err := ca.Client("global")
		if err != nil {
			t.Fatal(err)
		}
		cfg := &pool.TLSConfig{CertPEM: client.CertPEM, KeyPEM: client.KeyPEM}
		for _, ca := range trusted {
			cfg.CAPEM = append(cfg.CAPEM, ca.PEM()...)
		}
		return cfg
	}
	for name, next := range map[string]*pool.TLSConfig{
		"another certificate": credentials(ca, other),
		"an authority less":   credentials(ca),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := testutil.StartCluster(testutil.ClusterConfig{
				Size:   2,
				Server: testutil.ServerConfig{HeartbeatTTLMin: time.Hour, TLS: ca.ServerTLS(server, "global")},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stops(t, c) })
			cfg := named()
			cfg.TLS, cfg.DrainTimeout, cfg.DialTimeout = credentials(ca, other), 1, time.Hour
			p := startProxy(t, c, proxy.Config{Pool: cfg})
			agent, events := listening(heartbeat.Config{})
			start(t, p, agent)
			first := await(t, "landed", events.replies)
			if err := p.SetTLS(t.Context(), next); err != nil {
				t.Fatal(err)
			}
			if r := await(t, "landed again", events.replies); r.Server != first.Server {
				t.Errorf("it landed on %v, before on %v", r.Server, first.Server)
			}
			if n := c.NodeConns(nodeID); n.Ever < 2 {
				t.Errorf("the agent is known by %+v", n)
			}
			if !reachable(t, c.Server(0)) || !reachable(t, c.Server(1)) {
				t.Error("a server cannot reach the agent")
			}
		})
	}
}

func newCA(t testing.TB) *testutil.CA {
	t.Helper()
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}
