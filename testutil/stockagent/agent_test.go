package stockagent

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net/rpc"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// down reports whether a server gives a node up by then.
func down(n testutil.NodeRecord, grace time.Duration, then time.Time) bool {
	return then.After(n.LastSeen.Add(n.TTL + grace))
}

func TestAnAgentRegistersAndItsNodeStaysUpForAsLongAsItRuns(t *testing.T) {
	c := startCluster(t, 3, often)
	a := startAgent(t, c, Config{Grace: time.Hour})
	a.settled(t)
	for range 5 {
		s := a.more(t, "heartbeats")
		n := c.Nodes()[0]
		if s.Missed != 0 || s.Registrations != 1 || down(n, time.Hour, time.Now()) {
			t.Fatalf("%+v, node %+v", s, n)
		}
		if n.ID != a.NodeID() || n.Status != "ready" || n.Registers != 1 {
			t.Fatalf("node %+v", n)
		}
	}
	s := a.Stats()
	servers := slices.Sorted(slices.Values(s.Servers))
	if live := slices.Sorted(slices.Values(c.Live())); !slices.Equal(servers, live) || s.Leader != c.Leader() || s.NumNodes != 1 {
		t.Errorf("%+v, live are %v", s, live)
	}
	if s.Failed != 0 || s.Reconnects != 0 || s.Late != 0 {
		t.Errorf("nothing failed, and it did %+v", s)
	}
	var pings int64
	for _, server := range c.Servers() {
		pings += min(server.Counts().Methods[methodPing], 1)
	}
	if pings != 3 {
		t.Errorf("%d of 3 servers were pinged", pings)
	}
	stop(t, a)
	n := c.Nodes()[0]
	if !down(n, time.Minute, n.LastSeen.Add(n.TTL+time.Minute+1)) || down(n, time.Minute, n.LastSeen.Add(n.TTL+time.Minute)) {
		t.Error("a node whose agent has ended is given up when the grace is over, not before")
	}
}

func TestANodeThatServersHaveForgottenRegistersAgain(t *testing.T) {
	c := startCluster(t, 1, often)
	a := startAgent(t, c, Config{})
	a.settled(t)
	if !c.Purge(a.NodeID()) {
		t.Fatal("there was no node")
	}
	a.until(t, "to register again", func(s Stats) bool { return s.Registrations == 2 })
	s := a.more(t, "heartbeats of the new node")
	if n := c.Nodes(); len(n) != 1 || n[0].Registers != 1 || s.FailedHeartbeats == 0 {
		t.Errorf("nodes %+v, it did %+v", n, s)
	}
}

func TestAfterARestartOfTheServerAnAgentConnectsAnewAndDoesNotRegister(t *testing.T) {
	c := startCluster(t, 1, often)
	a := startAgent(t, c, Config{Grace: time.Hour})
	a.settled(t)
	c.Kill(0)
	if err := c.Restart(0); err != nil {
		t.Fatal(err)
	}
	a.until(t, "to connect anew", func(s Stats) bool { return s.Reconnects > 0 })
	s := a.more(t, "heartbeats after the restart")
	if s.Registrations != 1 || s.Missed != 0 || c.Nodes()[0].Registers != 1 {
		t.Errorf("it did %+v", s)
	}
	if n := c.NodeConns(a.NodeID()).Open; n != 1 {
		t.Errorf("%d sessions of the node", n)
	}
}

func TestAHeartbeatThatFailsIsNotRepeatedButComesLateAndMayBeMissed(t *testing.T) {
	c := startCluster(t, 1, often)
	failed := make(chan Beat, 64)
	a := startAgent(t, c, Config{Grace: 1, OnBeat: func(b Beat) {
		if b.Err != nil {
			failed <- b
		}
	}})
	a.settled(t)
	c.Server(0).Inject(testutil.AppError(methodStatus, "not now").Times(1))
	var b Beat
	select {
	case b = <-failed:
	case <-within(t).Done():
		t.Fatal("no heartbeat failed")
	}
	if b.Err != rpc.ServerError("not now") || b.Due.After(b.Sent) || b.Sent.After(b.Done) {
		t.Errorf("%+v", b)
	}
	s := a.more(t, "heartbeats afterwards")
	// The pause is of a second, the TTL of less.
	if s.FailedHeartbeats != 1 || s.Late != 1 || s.Missed == 0 || s.MaxLate < time.Second/2 {
		t.Errorf("it did %+v", s)
	}
}

func TestACallWithoutALeaderIsRepeatedOnTheNextServer(t *testing.T) {
	cfg := rarely
	cfg.RPCHoldTimeout = time.Millisecond
	c := startCluster(t, 3, cfg)
	errs := make(chan error, 64)
	a := startAgent(t, c, Config{RPCHoldTimeout: 20 * time.Second, OnError: func(_, _ string, err error) { errs <- err }})
	s := a.settled(t)
	first := c.ServerAt(s.Servers[0])
	first.Inject(testutil.NoLeader())
	var leader string
	if err := a.Call(within(t), "Status.Leader", map[string]any{"Region": "global"}, &leader); err != nil || leader != c.Leader() {
		t.Errorf("%q, %v", leader, err)
	}
	if err := <-errs; err.Error() != testutil.ErrTextNoLeader {
		t.Error(err)
	}
	now := a.Stats()
	if now.Rotations != 1 || now.Servers[2] != first.Addr() || now.Servers[0] != s.Servers[1] {
		t.Errorf("%v, before that %v", now.Servers, s.Servers)
	}
	if err := a.Call(within(t), "No.Such", map[string]any{}, nil); err == nil || err.Error() != "rpc: can't find service No.Such" {
		t.Error(err)
	}
	if s := a.Stats(); s.Rotations != 2 || s.Failed != 2 {
		t.Errorf("an answer that is an error moves the agent on: %+v", s)
	}
}

func TestAReadWhoseConnectionEndsIsRepeatedAndAWriteIsNot(t *testing.T) {
	c := startCluster(t, 1, rarely)
	a := startAgent(t, c, Config{RPCHoldTimeout: 20 * time.Second})
	a.settled(t)
	read := map[string]any{"MinQueryIndex": 0, "ID": "read"}
	c.Server(0).Inject(testutil.DropAfterRead().On("Echo.Count").Times(1))
	if err := a.Call(within(t), "Echo.Count", read, nil); err != nil || c.Executions("read") != 1 {
		t.Errorf("the read: %v, ran %d times", err, c.Executions("read"))
	}
	c.Server(0).Inject(testutil.DropAfterRead().On("Echo.Count").Times(1))
	if err := a.Call(within(t), "Echo.Count", map[string]any{"ID": "write"}, nil); err == nil || c.Executions("write") != 0 {
		t.Errorf("the write: %v, ran %d times", err, c.Executions("write"))
	}
}

func TestTheServersOfAReplyAreTheWholeList(t *testing.T) {
	c := startCluster(t, 2, often)
	only := c.Server(0).Addr()
	a := startAgent(t, c, Config{Servers: []string{only}})
	a.until(t, "to learn of the others", func(s Stats) bool { return len(s.Servers) == 2 })
	c.Leave(1)
	a.until(t, "to forget one that left", func(s Stats) bool { return slices.Equal(s.Servers, []string{only}) })
	joined, err := c.Join()
	if err != nil {
		t.Fatal(err)
	}
	a.until(t, "to learn of one that joined", func(s Stats) bool { return slices.Contains(s.Servers, joined.Addr()) })
}

func TestRebalancingChoosesAServerThatAnswers(t *testing.T) {
	c := startCluster(t, 3, rarely)
	a := startAgent(t, c, Config{})
	s := a.settled(t)
	for _, addr := range s.Servers[:2] { // the one in use, and another
		c.ServerAt(addr).Kill()
	}
	for range 4 {
		if err := a.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
		if front := a.Stats().Servers[0]; front != s.Servers[2] {
			t.Fatalf("%v is in use, which is dead", front)
		}
	}
	c.ServerAt(s.Servers[2]).Kill()
	if err := a.Rebalance(within(t)); err == nil {
		t.Error("it found a server, and all are dead")
	}
}

func TestTwoStreamsAreKeptForCalls(t *testing.T) {
	c := startCluster(t, 1, rarely)
	a := startAgent(t, c, Config{})
	a.settled(t) // the query that is pending has one stream, the heartbeat's is idle
	const calls = 5
	done := make(chan error, calls)
	release := make(chan struct{})
	server := c.Server(0)
	server.Handle("Test.Wait", func(ctx context.Context, _ *testutil.Request) (any, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil, nil
	})
	for range calls {
		go func() { done <- a.Call(within(t), "Test.Wait", map[string]any{}, nil) }()
	}
	await(t, "all calls to be there", func() bool { return server.Counts().Methods["Test.Wait"] == calls })
	close(release)
	for range calls {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	await(t, "the other streams to end", func() bool { return server.Connections()[0].Streams.Open == 1+2 })
	if s := a.Stats(); s.Connects != 1 {
		t.Errorf("%d sessions", s.Connects)
	}
}

func TestASessionThatNothingUsesIsEnded(t *testing.T) {
	c := startCluster(t, 3, rarely)
	a := startAgent(t, c, Config{SessionIdle: soon})
	a.settled(t)
	a.until(t, "to end the sessions that the first pings made", func(s Stats) bool { return s.Sessions == 1 })
	await(t, "the one with the pending query to stay", func() bool { return c.NodeConns(a.NodeID()).Open == 1 })
	if s := a.Stats(); s.Failed != 0 { // on a slow machine it was ended before the query began, too
		t.Errorf("%+v", s)
	}
}

func TestAnAgentVerifiesTheNameOfItsRegionsServers(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	cfg := often
	cfg.TLS = ca.ServerTLS(server, "global")
	c := startCluster(t, 1, cfg)
	shown := ca.ClientTLS(client, "global")
	shown.ServerName = "" // the agent knows it
	a := startAgent(t, c, Config{TLS: shown})
	a.settled(t)
	stream, err := a.Stream(within(t), "Echo.Stream")
	if err != nil {
		t.Fatal(err)
	}
	stream.Close()

	errs := make(chan error, 64)
	startAgent(t, c, Config{TLS: shown, Region: "mars", OnError: func(_, _ string, err error) {
		select {
		case errs <- err:
		default:
		}
	}})
	select {
	case err = <-errs:
	case <-within(t).Done():
		t.Fatal("no call failed")
	}
	if _, ok := errors.AsType[*DialError](err); !ok {
		t.Errorf("%T %v", err, err)
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); !ok || wrong.Host != "server.mars.nomad" {
		t.Error(err)
	}
}

func TestStreamingCallsHaveConnectionsOfTheirOwn(t *testing.T) {
	c := startCluster(t, 1, rarely)
	a := startAgent(t, c, Config{})
	a.settled(t)
	server := c.Server(0)
	stream, err := a.Stream(within(t), "Echo.Stream")
	if err != nil {
		t.Fatal(err)
	}
	payload := bytes.Repeat([]byte("x"), 100_000)
	if err := testutil.WriteStreamRequest(stream, map[string]any{"Count": 3, "Payload": payload}); err != nil {
		t.Fatal(err)
	}
	frames := testutil.NewFrameReader(stream)
	for range 3 {
		if f, err := frames.Read(); err != nil || !bytes.Equal(f.Payload, payload) {
			t.Fatalf("%d bytes, %v", len(f.Payload), err)
		}
	}
	if n := server.Counts(); n.Accepted != 2 || n.Methods["Echo.Stream"] != 1 {
		t.Errorf("%+v", n)
	}
	stream.Close()
	if stream, err = a.Stream(within(t), "Echo.Exec"); err != nil {
		t.Fatal(err)
	}
	await(t, "the first connection to end", func() bool { return server.Counts().Open == 2 })
	stream.Close() // the server waits for a command
	await(t, "the second one to end", func() bool { return server.Counts().Open == 1 })
	if _, err := a.Stream(within(t), "No.Such"); err != rpc.ServerError(`Unknown rpc method: "No.Such"`) {
		t.Error(err)
	}
	if _, err := a.Stream(within(t), "Echo.Exec"); err != nil {
		t.Fatal(err)
	}
	stop(t, a)
	await(t, "what is open to end with the agent", func() bool { return server.Counts().Open == 0 })
}

func TestWhatAnAgentDidIsPublishedBeforeItGoesOn(t *testing.T) {
	c := startCluster(t, 1, rarely)
	a := startAgent(t, c, Config{})
	a.settled(t)
	for i := range 5000 {
		a.do(func(s *state) { s.stats.Streams = i })
		if got := a.Stats().Streams; got != i {
			t.Fatalf("%d, want %d", got, i)
		}
	}
}

func TestASessionInUseIsNotEndedHoweverLongThatLasts(t *testing.T) {
	begin := time.Unix(1000, 0)
	s := &state{agent: &Agent{cfg: Config{SessionIdle: time.Minute}}, sessions: map[string]*session{
		"busy": {server: "busy", busy: 1, used: begin},
	}}
	if at := s.Deadline(); !at.IsZero() {
		t.Errorf("something is due at %v", at)
	}
	s.Expire(begin.Add(time.Hour))
	s.sessions["idle"] = &session{server: "idle", used: begin}
	if at := s.Deadline(); at != begin.Add(time.Minute) {
		t.Errorf("the idle one is due at %v", at)
	}
	s.Expire(begin.Add(time.Minute - 1))
	if len(s.sessions) != 2 {
		t.Errorf("left are %v", s.sessions)
	}
}
