package proxy_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The node of the agent that moves.
const (
	moverID     = "6c1f0f4e-3a5d-4f0b-9a58-2f3f7b0c9d11"
	moverSecret = "0d9c1b5a-7e64-4c1d-8f5e-5a1b2c3d4e5f"
	follows     = 20
	mostOpen    = 3 // sessions of the agent: one for each server
)

// mover is an agent that moves from server to server, reached by all of them.
type mover struct {
	*proxy.Proxy
	t       testing.TB
	cluster *testutil.Cluster
	ctx     context.Context // ends with the test's last move
	all     sync.WaitGroup  // of what goes on until then
	pause   time.Duration   // between two reverse calls of one server, and two lines of a follow
	index   atomic.Uint64   // of the allocations, as the agent knows them
	calls   atomic.Int64    // that servers made
	lines   atomic.Int64    // that followers read
	answers atomic.Int64    // to the blocking query
}

// numbers answers each byte by the next number: a log that is followed, each line of
// it when its reader wants one.
func numbers(_ context.Context, c net.Conn) error {
	for n := uint64(0); ; n++ {
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			return err
		}
		if _, err := c.Write(binary.BigEndian.AppendUint64(nil, n)); err != nil {
			return err
		}
	}
}

func newMover(ctx context.Context, t *testing.T, cfg pool.Config, pause time.Duration) *mover {
	m := &mover{t: t, cluster: startCluster(t, 3), pause: pause, ctx: ctx}
	cfg.Handlers = pool.Handlers{
		Calls: map[string]pool.CallHandler{"ClientStats.Stats": func(_ context.Context, decode func(any) error) (any, error) {
			var n uint64
			err := decode(&n)
			return n, err
		}},
		StreamFor: func(method string) pool.StreamHandler {
			if method == "FileSystem.Logs" {
				return numbers
			}
			return nil
		},
	}
	m.Proxy = startProxy(t, proxy.Config{Servers: m.cluster.Addrs(), Pool: cfg, ProbeStagger: far})
	m.index.Store(1)
	// Each server knows the node by a session of its own, and follows logs on it.
	for n, known := 0, map[messages.Server]bool{}; len(known) < 3; move(t, m.Proxy) {
		front := active(t, m.Proxy)
		if known[front] {
			continue
		}
		known[front] = true
		m.register()
		for s := m.cluster.ServerAt(front.Addr); n < follows*len(known)/3; n++ {
			c, err := s.StreamNode(within(t), moverID, "FileSystem.Logs")
			if err != nil {
				t.Fatal(err)
			}
			m.all.Go(func() { m.follow(s, c) })
		}
	}
	return m
}

func (m *mover) register() {
	m.t.Helper()
	args := map[string]any{"Region": "global", "Node": map[string]any{
		"ID": moverID, "SecretID": moverSecret, "Name": "mover", "Datacenter": "dc1",
		"Attributes": map[string]string{"nomad.version": "2.0.6"},
	}}
	if err := m.Call(within(m.t), "Node.Register", args, nil); err != nil {
		m.t.Fatal(err)
	}
}

// heartbeat tells the server in front that the node is there, and the proxy what it
// said.
func (m *mover) heartbeat() {
	m.t.Helper()
	var reply struct {
		Servers       []messages.ServerInfo
		NumNodes      int
		LeaderRPCAddr string
		HeartbeatTTL  time.Duration
	}
	args := map[string]any{"Region": "global", "NodeID": moverID, "Status": "ready", "AuthToken": moverSecret}
	if err := m.Call(within(m.t), "Node.UpdateStatus", args, &reply); err != nil {
		m.t.Fatal(err)
	}
	if err := m.Heartbeat(within(m.t), messages.HeartbeatUpdate{
		Servers: reply.Servers, NumNodes: reply.NumNodes, LeaderRPCAddr: reply.LeaderRPCAddr, TTL: reply.HeartbeatTTL,
	}); err != nil {
		m.t.Fatal(err)
	}
}

// rest waits until the next reverse call or line is due; false: there is none.
func (m *mover) rest() bool {
	timer := time.NewTimer(m.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-m.ctx.Done():
		return false
	}
}

// reach makes one reverse call after the other through a server.
func (m *mover) reach(s *testutil.Server) {
	for n := uint64(0); ; n++ {
		var got uint64
		if err := s.CallNode(within(m.t), moverID, "ClientStats.Stats", n, &got); err != nil || got != n {
			m.t.Errorf("reverse call %d through %s: %d, %v", n, s.Addr(), got, err)
			return
		}
		if m.calls.Add(1); !m.rest() {
			return
		}
	}
}

// follow reads a log of the agent through a server.
func (m *mover) follow(s *testutil.Server, c net.Conn) {
	defer func() { _ = c.Close() }()
	for want := uint64(0); ; want++ {
		_ = c.SetDeadline(time.Now().Add(limit))
		line := make([]byte, 8)
		_, err := c.Write(line[:1])
		if err == nil {
			_, err = io.ReadFull(c, line)
		}
		if got := binary.BigEndian.Uint64(line); err != nil || got != want {
			m.t.Errorf("line %d of a follow through %s: %d, %v", want, s.Addr(), got, err)
			return
		}
		if m.lines.Add(1); !m.rest() {
			return
		}
	}
}

// watch has a blocking query pending, always.
func (m *mover) watch() {
	for m.ctx.Err() == nil {
		var reply struct{ Index uint64 }
		err := m.Call(m.ctx, "Node.GetClientAllocs", map[string]any{
			"Region": "global", "NodeID": moverID, "AuthToken": moverSecret, "AllowStale": true,
			"MinQueryIndex": m.index.Load(), "MaxQueryTime": 5 * time.Minute,
		}, &reply)
		if m.ctx.Err() != nil {
			return
		}
		if err != nil {
			m.t.Errorf("the blocking query: %v", err)
			return
		}
		if reply.Index > m.index.Load() {
			m.index.Store(reply.Index)
			m.answers.Add(1)
		}
	}
}

// queries is how many blocking queries a server has read.
func (m *mover) queries(addr string) int64 {
	return m.cluster.ServerAt(addr).Counts().Methods["Node.GetClientAllocs"]
}

// step moves, and looks whether the server in front knows of it and the bounds hold.
func (m *mover) step() {
	m.t.Helper()
	var before [3]int64
	for i, addr := range m.cluster.Addrs() {
		before[i] = m.queries(addr)
	}
	to := move(m.t, m.Proxy)
	for i, addr := range m.cluster.Addrs() {
		if addr == to.Addr {
			eventually(m.t, "the blocking query at the server in front", func() bool { return m.queries(addr) > before[i] })
		}
	}
	open := int64(0)
	for _, s := range m.cluster.Servers() {
		open += s.Counts().Open
	}
	if st := m.Stats(); st.Sessions > mostOpen || open > mostOpen || st.Dials != mostOpen {
		m.t.Errorf("%d sessions, %d connections, %d dials; want %d", st.Sessions, open, st.Dials, mostOpen)
	}
}

// An agent that moves again and again is reached through every server all the time,
// what is followed is followed on, and its blocking query is where it is.
//
// With RPCPROXY_MOVES it moves each 10 s, for so long, with the default time to drain;
// each server calls it once a second, and so come the lines of each log:
//
//	RPCPROXY_MOVES=10m go test ./proxy -run TestMovesLoseNothing -timeout 15m -v
//
// Without, moves, calls and lines come as fast as they do.
func TestMovesLoseNothing(t *testing.T) {
	moves, every, pause, cfg := 60, time.Duration(0), time.Millisecond, pool.Config{DrainTimeout: 1}
	if long := os.Getenv("RPCPROXY_MOVES"); long != "" {
		d, err := time.ParseDuration(long)
		if err != nil {
			t.Fatal(err)
		}
		every, pause, cfg = 10*time.Second, time.Second, pool.Config{}
		moves = int(d / every)
	}
	ctx, end := context.WithCancel(t.Context())
	m := newMover(ctx, t, cfg, pause)
	defer m.all.Wait()
	defer end()
	eventually(t, "the first lines", func() bool { return m.lines.Load() >= follows || t.Failed() })
	for _, s := range m.cluster.Servers() {
		m.all.Go(func() { m.reach(s) })
	}
	m.all.Go(m.watch)
	eventually(t, "the first blocking query", func() bool { return m.queries(active(t, m.Proxy).Addr) > 0 })
	begin := m.Stats()
	tick := time.NewTicker(max(every, 1))
	defer tick.Stop()
	for n := 0; n < moves && !t.Failed(); n++ {
		<-tick.C
		m.step()
		if n%3 == 0 {
			m.heartbeat()
		}
		if every > 0 {
			t.Logf("move %d: %d reverse calls, %d lines, %+v", n+1, m.calls.Load(), m.lines.Load(), m.Stats())
		}
	}
	if t.Failed() {
		return
	}
	calls, lines := m.calls.Load(), m.lines.Load()
	eventually(t, "calls and lines on the last session", func() bool { return m.calls.Load() > calls+3 && m.lines.Load() > lines+follows })
	index, _ := m.cluster.SetAllocs(moverID, map[string]uint64{"a": 1})
	eventually(t, "the answer to the blocking query", func() bool { return m.answers.Load() == 1 && m.index.Load() == index })
	st := m.Stats()
	t.Logf("%d moves, %d reverse calls, %d lines, %d queries moved", moves, m.calls.Load(), m.lines.Load(), st.Moved)
	if st.Failures != begin.Failures || st.Moved < uint64(moves) || m.answers.Load() != 1 || proxy.Tokens(m.Proxy) != proxy.AllTokens {
		t.Errorf("%d answers, %d tokens, %+v", m.answers.Load(), proxy.Tokens(m.Proxy), st)
	}
}

// No heartbeat is needed for the server in front to reach the agent: the blocking
// query that is made there again tells it of the session.
func TestTheServerInFrontReachesTheAgentByItsBlockingQuery(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	m := newMover(ctx, t, pool.Config{}, time.Millisecond)
	fresh, err := m.cluster.Join()
	if err != nil {
		t.Fatal(err)
	}
	defer m.all.Wait()
	defer end()
	m.all.Go(m.watch)
	if _, err := m.AddPrimary(within(t), fresh.Addr()); err != nil {
		t.Fatal(err)
	}
	for n := 0; active(t, m.Proxy).Addr != fresh.Addr(); n++ {
		if n > 1000 {
			t.Fatal("no round brings the new server to the front")
		}
		if _, err := m.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	var got uint64
	eventually(t, "the new server's way to the agent", func() bool {
		return fresh.CallNode(within(t), moverID, "ClientStats.Stats", uint64(7), &got) == nil && got == 7
	})
	if beats := fresh.Counts().Methods["Node.UpdateStatus"] + fresh.Counts().Methods["Node.Register"]; beats != 0 {
		t.Fatalf("%d heartbeats: the test shows nothing", beats)
	}
}
