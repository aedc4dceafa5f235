package testutil

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"
)

// answers plays the client's part of every call that the server makes on the
// session, until that ends: the reply is the name.
func (c *client) answers(name string) *client {
	go func() {
		for {
			stream, err := c.Session.AcceptStream()
			if err != nil {
				return
			}
			go func() {
				defer stream.Close()
				if _, err := readByte(stream); err != nil {
					return
				}
				r := bufio.NewReader(stream)
				var h requestHeader
				if readInto(r, &h) != nil {
					return
				}
				if _, err := readValue(r); err != nil {
					return
				}
				if out, err := encodeReply(responseHeader{Seq: h.Seq, ServiceMethod: h.ServiceMethod}, name); err == nil {
					_, _ = stream.Write(out)
				}
			}()
		}
	}()
	return c
}

// asks calls the node and returns which client answered, or the text of the refusal.
func asks(t *testing.T, s *Server, node string) string {
	t.Helper()
	var name string
	if err := s.CallNode(contextFor(t), NodeID(node), "Who.Are", dict{}, &name); err != nil {
		return err.Error()
	}
	return name
}

func (c *client) mustCall(method string, args any) {
	c.tb.Helper()
	if err := c.open(modeRPC).call(method, args, nil); err != nil {
		c.tb.Fatal(err)
	}
}

func TestANodesSessionIsBoundByEachCallThatNamesTheNode(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	identity := identityOf(t, dial(t, cluster.Leader()).open(modeRPC), "a")
	query := dict{"Region": "global", "NodeID": NodeID("a"), "AuthToken": identity}
	blocking := with(with(query, "AllowStale", true), "MinQueryIndex", uint64(1<<40))
	update := dict{"Region": "global", "AuthToken": identity, "Alloc": []dict{{"ID": "x", "NodeID": NodeID("a")}}}
	for i := range 2 { // through the leader, and a follower
		s := cluster.Server(i)
		for name, bind := range map[string]func(*client){
			"register":  func(c *client) { c.mustCall("Node.Register", registration("a")) },
			"heartbeat": func(c *client) { c.mustCall("Node.UpdateStatus", heartbeat("a")) },
			"query":     func(c *client) { c.mustCall("Node.GetClientAllocs", query) },
			"update":    func(c *client) { c.mustCall("Node.UpdateAlloc", update) },
			"blocking": func(c *client) {
				before := cluster.NodeConns(NodeID("a")).Ever
				if err := c.open(modeRPC).Send("Node.GetClientAllocs", blocking); err != nil {
					t.Fatal(err)
				}
				await(t, func() bool { return cluster.NodeConns(NodeID("a")).Ever > before })
			},
		} {
			c := dial(t, s.Addr()).answers(name)
			c.mustCall("Status.Ping", dict{})
			bind(c)
			if got := asks(t, s, "a"); got != name {
				t.Errorf("server %d: %q, want %q", i, got, name)
			}
		}
	}
}

func TestTheSessionThatWasBoundLastIsTheWayAndTheOthersStandBehindIt(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	var sessions []*client
	for i, name := range []string{"first", "second", "third"} {
		c := dial(t, cluster.Server(0).Addr()).answers(name)
		c.mustCall("Node.Register", registration("a"))
		sessions = append(sessions, c)
		if n := cluster.NodeConns(NodeID("a")); n.Open != int64(i+1) || n.Peak != int64(i+1) || n.Servers[cluster.Server(0).Addr()] != i+1 {
			t.Errorf("%+v", n)
		}
	}
	sessions[0].mustCall("Node.UpdateStatus", heartbeat("a")) // it is bound already
	for i := 2; i >= 0; i-- {
		if got, want := asks(t, cluster.Server(0), "a"), []string{"first", "second", "third"}[i]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		_ = sessions[i].Session.Close()
		await(t, func() bool { return cluster.NodeConns(NodeID("a")).Open == int64(i) })
	}
	for i := range 3 {
		if got := asks(t, cluster.Server(i), "a"); got != "Who.Are: "+ErrTextNoNodePath {
			t.Errorf("without a session: %q", got)
		}
	}
	if n := cluster.NodeConns(NodeID("a")); n.Ever != 3 || n.Peak != 3 || len(n.Servers) != 0 {
		t.Errorf("%+v", n)
	}
}

func TestAServerPrefersItsOwnSessionAndElseGoesThroughTheServerWithTheNewest(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{Size: 4})
	old := dial(t, cluster.Server(0).Addr()).answers("old")
	old.mustCall("Node.Register", registration("a"))
	for i := 1; i <= 2; i++ {
		dial(t, cluster.Server(i).Addr()).answers(fmt.Sprint(i)).mustCall("Node.UpdateStatus", heartbeat("a"))
	}
	for i, want := range []string{"old", "1", "2", "2"} {
		if got := asks(t, cluster.Server(i), "a"); got != want {
			t.Errorf("server %d: %q, want %q", i, got, want)
		}
		var has nodeConnReply
		if err := dial(t, cluster.Server(i).Addr()).open(modeRPC).call("Status.HasNodeConn", dict{"NodeID": NodeID("a")}, &has); err != nil {
			t.Fatal(err)
		}
		if has.Connected != (i < 3) || has.Established.IsZero() == has.Connected {
			t.Errorf("server %d: %+v", i, has)
		}
	}
	cluster.Kill(2)
	if got := asks(t, cluster.Server(3), "a"); got != "1" {
		t.Errorf("the newest is gone: %q", got)
	}
}

func TestAnErrorThatComesThroughAnotherServerHasItsPrefix(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	c := dial(t, cluster.Server(0).Addr())
	c.mustCall("Node.Register", registration("a"))
	const text = "rpc: can't find service X.Y"
	for i, want := range []string{text, "rpc error: " + text} {
		done := c.answerOne(func(_ byte, r *bufio.Reader, w io.Writer) error {
			var h requestHeader
			if err := readInto(r, &h); err != nil {
				return err
			}
			if _, err := readValue(r); err != nil {
				return err
			}
			out, err := encodeReply(responseHeader{Error: text, Seq: h.Seq, ServiceMethod: h.ServiceMethod}, emptyMap)
			if err == nil {
				_, err = w.Write(out)
			}
			return err
		})
		err := cluster.Server(i).CallNode(contextFor(t), NodeID("a"), "X.Y", dict{}, nil)
		if err == nil || err.Error() != "X.Y: "+want {
			t.Errorf("server %d: %v", i, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestAConnectionIsOneNodesForGood(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr()).answers("a")
	c.mustCall("Node.Register", registration("a"))
	c.mustCall("Node.Register", registration("b"))
	if a, b := asks(t, s, "a"), asks(t, s, "b"); a != "a" || b != "Who.Are: "+ErrTextNoNodePath {
		t.Errorf("%q, %q", a, b)
	}
}

func TestOnlyANodeThatIsKnownAndNewEnoughIsCalled(t *testing.T) {
	s := start(t, ServerConfig{})
	for version, want := range map[string]string{
		"":            ErrTextNoVersion,
		"new":         ErrTextNoVersion,
		"0.7.1":       ErrTextOldVersion,
		"0.8.0-beta1": ErrTextOldVersion,
		"0.8.0-rc1":   "",
		"0.8.0":       "",
		"v1.2":        "",
		"2.0.6-dev+x": "",
	} {
		reg := registration(version)
		if reg["Node"].(dict)["Attributes"] = (dict{"nomad.version": version}); version == "" {
			reg["Node"].(dict)["Attributes"] = dict{"a": "b"}
		}
		dial(t, s.Addr()).answers("it").mustCall("Node.Register", reg)
		if want = "Who.Are: " + want; want == "Who.Are: " {
			want = "it"
		}
		if got := asks(t, s, version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
	if got := asks(t, s, "nobody"); got != "Who.Are: "+ErrTextUnknownNode(NodeID("nobody")) {
		t.Error(got)
	}
	if err := s.CallNode(contextFor(t), "", "X.Y", dict{}, nil); err == nil || err.Error() != "X.Y: missing NodeID" {
		t.Error(err)
	}
}

func TestManyNodesAreCalledAtOnceEachOverItsOwnConnection(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	const nodes = 64
	for i := range nodes {
		name := fmt.Sprint(i)
		dial(t, cluster.Server(i%3).Addr()).answers(name).mustCall("Node.Register", registration(name))
	}
	var all sync.WaitGroup
	for i := range nodes {
		for _, s := range cluster.Servers() {
			all.Go(func() {
				if name := fmt.Sprint(i); asks(t, s, name) != name {
					t.Errorf("node %s answered otherwise", name)
				}
			})
		}
	}
	all.Wait()
	if n := cluster.Conns(); n.Open != nodes || n.Peak != nodes {
		t.Errorf("%+v", n)
	}
	for _, s := range cluster.Servers() {
		for _, c := range s.Connections() {
			if c.Streams.Ever != 1 || c.Reverse.Ever != 3 || c.Reverse.Open != 0 || c.NodeID == "" {
				t.Errorf("%+v", c)
			}
		}
	}
}

func TestTheMostSessionsOfANodeCountThoseBeforeTheyWereIts(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	early := dial(t, cluster.Server(0).Addr())
	await(t, func() bool { return cluster.Conns().Open == 1 })
	var brief []*client
	for i := range 2 {
		c := dial(t, cluster.Server(i).Addr())
		c.mustCall("Node.Register", registration("a"))
		brief = append(brief, c)
	}
	dial(t, cluster.Server(2).Addr()).mustCall("Node.Register", registration("b"))
	for _, c := range brief {
		_ = c.Session.Close()
	}
	await(t, func() bool { return cluster.Conns().Open == 2 }) // early, and the other node's
	if n := cluster.NodeConns(NodeID("a")); n.OpenCount != (OpenCount{Open: 0, Peak: 2, Ever: 2}) {
		t.Errorf("%+v", n)
	}
	early.mustCall("Node.UpdateStatus", heartbeat("a")) // so it was there beside the two
	if n := cluster.NodeConns(NodeID("a")); n.OpenCount != (OpenCount{Open: 1, Peak: 3, Ever: 3}) {
		t.Errorf("%+v", n)
	}
	late := dial(t, cluster.Server(0).Addr())
	late.mustCall("Node.UpdateStatus", heartbeat("a"))
	if n := cluster.NodeConns(NodeID("a")); n.OpenCount != (OpenCount{Open: 2, Peak: 3, Ever: 4}) {
		t.Errorf("%+v", n)
	}
	if n := cluster.NodeConns(NodeID("nobody")); n.Ever != 0 {
		t.Errorf("%+v", n)
	}
	if n := cluster.Conns(); n != (OpenCount{Open: 3, Peak: 4, Ever: 5}) {
		t.Errorf("%+v", n)
	}
}

func TestASessionThatEndedIsForgottenAlsoWhileAHandlerRuns(t *testing.T) {
	s := start(t, ServerConfig{})
	running, release := make(chan struct{}), make(chan struct{})
	s.Handle("My.Hold", func(context.Context, *Request) (any, error) {
		close(running)
		<-release
		return nil, nil
	})
	c := dial(t, s.Addr())
	c.mustCall("Node.Register", registration("a"))
	if err := c.open(modeRPC).Send("My.Hold", dict{}); err != nil {
		t.Fatal(err)
	}
	<-running
	_ = c.Session.Close()
	await(t, func() bool { return s.NodeConns(NodeID("a")).Open == 0 && s.Counts().Open == 0 })
	if got := asks(t, s, "a"); got != "Who.Are: "+ErrTextNoNodePath {
		t.Error(got)
	}
	close(release)
}

func TestStreamsAreCountedPerConnection(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	var open []*rpcStream
	for range 5 {
		stream := c.open(modeRPC)
		if err := stream.call("Status.Ping", dict{}, nil); err != nil {
			t.Fatal(err)
		}
		open = append(open, stream)
	}
	for _, stream := range open[:3] {
		_ = stream.Close()
	}
	await(t, func() bool { return s.Connections()[0].Streams.Open == 2 })
	got := s.Connections()
	if len(got) != 1 || got[0].Streams != (OpenCount{Open: 2, Peak: 5, Ever: 5}) || got[0].Server != s.Addr() {
		t.Errorf("%+v", got)
	}
	if got[0].Remote != c.LocalAddr().String() || time.Since(got[0].Accepted) < 0 || got[0].NodeID != "" {
		t.Errorf("%+v", got[0])
	}
}

func TestAPeerThatOpensAStreamWithoutAModeByteLosesTheConnection(t *testing.T) {
	c := dial(t, start(t, ServerConfig{}).Addr())
	good := c.open(modeRPC)
	if err := good.call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	empty, err := c.Session.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	_ = empty.Close()
	select {
	case <-c.Session.CloseChan():
	case <-time.After(patience):
		t.Error("the connection stays open")
	}
}
