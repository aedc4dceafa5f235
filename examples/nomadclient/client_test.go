package nomadclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const node, secret = "n1", "0b9d8c1e-5f33-4d0a-9a3b-7c2e6d4f8a15"

// startCluster has three servers, and a context for what is done with them.
func startCluster(t *testing.T) (context.Context, *testutil.Cluster) {
	t.Helper()
	testutil.VerifyNone(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop(context.Background()) })
	return ctx, cluster
}

// until waits for what follows from a message.
func until(ctx context.Context, t *testing.T, p *proxy.Proxy, ok func(*messages.View) bool) *messages.View {
	t.Helper()
	for view := range p.Watch(ctx) {
		if ok(view) {
			return view
		}
	}
	t.Fatalf("it does not come: %v", p.Explain())
	return nil
}

// plain is connections as the client has them: one call each over a session of yamux, without
// limits of time, and errors with a text around them.
type plain struct{}

func (plain) RPC(_ string, addr net.Addr, method string, args, reply any) error {
	session, err := plainclient.Dial(context.Background(), addr.String(), plainclient.Config{NoKeepAlive: true})
	if err != nil {
		return fmt.Errorf("rpc error: failed to get conn: %v", err)
	}
	defer session.Close()
	if err := session.Call(method, args, reply); err != nil {
		return fmt.Errorf("rpc error: %w", err)
	}
	return nil
}

func nodeArgs(rest map[string]any) map[string]any {
	args := map[string]any{"Region": "global", "NodeID": node, "Status": "ready", "AuthToken": secret}
	for key, value := range rest {
		args[key] = value
	}
	return args
}

func registerArgs() map[string]any {
	return map[string]any{"Region": "global", "Node": map[string]any{
		"ID": node, "SecretID": secret, "Name": "worker-1", "Datacenter": "dc1", "Status": "initializing",
		"Attributes": map[string]string{"nomad.version": "2.0.6"},
	}}
}

func startedList(t *testing.T, cluster *testutil.Cluster) list {
	t.Helper()
	l, err := startList(proxy.Config{Servers: cluster.Addrs()}, pinger{conns: plain{}, region: "global", token: func() string { return secret }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Stop(context.Background()) })
	return l
}

// rpc is one turn of the client's own loop, as it is in the first step.
func (l list) rpc(ctx context.Context, method string, args, reply any) error {
	server, view, err := l.find()
	if err != nil {
		return err
	}
	if err = (plain{}).RPC("global", address(server), method, args, reply); err != nil {
		return errors.Join(err, l.failed(ctx, server, view, err))
	}
	return nil
}

func TestTheListFollowsWhatTheClientTellsOfCallsAndHeartbeats(t *testing.T) {
	ctx, cluster := startCluster(t)
	l := startedList(t, cluster)
	if err := l.rpc(ctx, "Node.Register", registerArgs(), &heartbeat{}); err != nil {
		t.Fatal(err)
	}
	front, before, _ := l.find()

	// An answer, also one that denies, moves nothing.
	cluster.ServerAt(front.Addr).Inject(testutil.AppError("Status.Peers", testutil.ErrTextPermissionDenied).Times(1))
	if err := l.rpc(ctx, "Status.Peers", struct{}{}, nil); err == nil || !strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("%v", err)
	}
	if _, err := l.Remove(ctx, messages.Server{Addr: "192.0.2.1:1"}); err != nil { // behind what came of it
		t.Error(err)
	}
	if now, view, _ := l.find(); now != front || view.Health(front) == messages.Failed {
		t.Errorf("%v", l.Explain())
	}
	// Two that saw the same server die move the list once.
	cluster.ServerAt(front.Addr).Kill()
	err := l.rpc(ctx, "Status.Peers", struct{}{}, nil)
	if err == nil {
		t.Fatal("a dead server has answered")
	}
	until(ctx, t, l.Proxy, func(v *messages.View) bool { return v.Health(front) == messages.Failed })
	if err := l.failed(ctx, front, before, err); err != nil {
		t.Error(err)
	}
	second, _, _ := l.find()
	if second == front {
		t.Error("the dead server is in front")
	}
	var reply heartbeat
	if err := l.rpc(ctx, "Node.UpdateStatus", nodeArgs(nil), &reply); err != nil {
		t.Fatal(err)
	}
	if err := l.beaten(ctx, reply, second); err != nil {
		t.Error(err)
	}
	if v := l.View(); v.Len() != 2 || v.NumNodes() != 1 || v.Contains(front) {
		t.Errorf("%v", l.Explain())
	}
	if now, _, _ := l.find(); now != second {
		t.Errorf("%v is in front, not %v", now, second)
	}
}

func TestAServerWithoutALeaderStaysAndIsRankedBehind(t *testing.T) {
	ctx, cluster := startCluster(t)
	l := startedList(t, cluster)
	front, _, _ := l.find()
	cluster.ServerAt(front.Addr).Inject(testutil.AppError("Status.Peers", testutil.ErrTextNoLeader))
	if err := l.rpc(ctx, "Status.Peers", struct{}{}, nil); err == nil {
		t.Fatal("it was answered")
	}
	until(ctx, t, l.Proxy, func(v *messages.View) bool {
		next, _ := v.Active()
		return v.Health(front) == messages.Leaderless && next != front
	})
}

func TestRoundsAndBackupsAreMessages(t *testing.T) {
	ctx, cluster := startCluster(t)
	l := startedList(t, cluster)
	if err := l.addBackups(ctx, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if err := l.rebalance(ctx); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, l.Proxy, func(v *messages.View) bool {
		active, _ := v.Active()
		return v.Health(active) == messages.Alive // a round has asked it
	})
	if n := l.NumServers(); n != 4 || l.ServerRPCAddrs()[3] != "192.0.2.7:4647" {
		t.Errorf("%v", l.ServerRPCAddrs())
	}
}

func TestAPingEndsWithItsContext(t *testing.T) {
	_, cluster := startCluster(t)
	server := cluster.Server(0)
	server.Freeze()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (pinger{conns: plain{}, token: func() string { return secret }}).Ping(ctx, server.Addr()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	server.Thaw()
}

// Agent is an endpoint as the client registers it, for package net/rpc.
type Agent struct{}

// Host answers as the client does.
func (Agent) Host(asked map[string]string, answer *map[string]string) error {
	*answer = map[string]string{"Of": asked["NodeID"]}
	return nil
}

func startedClient(t *testing.T, cluster *testutil.Cluster) client {
	t.Helper()
	calls := rpc.NewServer()
	if err := calls.Register(Agent{}); err != nil {
		t.Fatal(err)
	}
	c, err := startClient(proxy.Config{Servers: cluster.Addrs()}, endpoints{calls, func(method string) (streamHandler, error) {
		if method != "Agent.Monitor" {
			return nil, errors.New("unknown rpc method: " + method)
		}
		return func(conn io.ReadWriteCloser) {
			defer conn.Close()
			_, _ = io.WriteString(conn, "a line")
		}, nil
	}}, 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

func TestCallsAndHeartbeatsGoOnWhileServersDie(t *testing.T) {
	ctx, cluster := startCluster(t)
	c := startedClient(t, cluster)
	if err := c.call(ctx, "Node.Register", registerArgs(), &heartbeat{}); err != nil {
		t.Fatal(err)
	}
	front, _ := c.FindServer()
	cluster.ServerAt(front.Addr).Kill()
	reply, err := c.beat(ctx, nodeArgs(nil), time.Now().Add(20*time.Second))
	if err != nil || len(reply.Servers) != 2 {
		t.Fatalf("%+v, %v", reply, err)
	}
	if v := c.View(); v.Contains(front) || v.NumNodes() != 1 {
		t.Errorf("%v", c.Explain())
	}
	var peers []string
	if err := c.call(ctx, "Status.Peers", struct{}{}, &peers); err != nil || len(peers) != 3 {
		t.Errorf("%v, %v", peers, err)
	}
}

func TestServersReachTheEndpoints(t *testing.T) {
	ctx, cluster := startCluster(t)
	c := startedClient(t, cluster)
	if err := c.call(ctx, "Node.Register", registerArgs(), &heartbeat{}); err != nil {
		t.Fatal(err)
	}
	front, _ := c.FindServer()
	server := cluster.ServerAt(front.Addr)
	var host map[string]string
	if err := server.CallNode(ctx, node, "Agent.Host", map[string]string{"NodeID": node}, &host); err != nil || host["Of"] != node {
		t.Errorf("%v, %v", host, err)
	}
	conn, err := server.StreamNode(ctx, node, "Agent.Monitor")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if text, err := io.ReadAll(conn); err != nil || string(text) != "a line" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := server.StreamNode(ctx, node, "No.Stream"); err == nil || !strings.Contains(err.Error(), "unknown rpc method: No.Stream") {
		t.Errorf("%v", err)
	}
}

func TestAStreamIsOpenedAtAServer(t *testing.T) {
	ctx, cluster := startCluster(t)
	c := startedClient(t, cluster)
	conn, err := c.remoteStream(ctx, "Echo.Stream")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := pool.WriteRequest(conn, map[string]any{"Count": 1, "Payload": []byte("a frame")}); err != nil {
		t.Fatal(err)
	}
	frame, err := pool.NewFrameReader(conn).Next()
	if err != nil || !strings.Contains(string(frame), "a frame") {
		t.Errorf("%q, %v", frame, err)
	}
}
