package sidecar_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestAHeartbeatNamesTheSidecarAloneAndTellsTheProxyTheServers(t *testing.T) {
	c := newCluster(t, 3)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()[0])
	a := newAgent(t, s)
	id := testutil.NodeID("agent")
	for i, reply := range []heartbeatReply{register(t, a, id), must(beat(a, id))} {
		if len(reply.Servers) != 1 || reply.Servers[0].RPCAdvertiseAddr != addr(s) {
			t.Errorf("answer %d names %+v, want %s alone", i, reply.Servers, addr(s))
		}
		if reply.LeaderRPCAddr != c.Leader() || reply.HeartbeatTTL <= 0 || reply.NumNodes != 1 {
			t.Errorf("answer %d: %+v, leader %s", i, reply, c.Leader())
		}
	}
	got := slices.Sorted(slices.Values(s.Proxy().ServerRPCAddrs()))
	if want := slices.Sorted(slices.Values(c.Addrs())); !slices.Equal(got, want) {
		t.Errorf("the proxy knows %v, want %v", got, want)
	}
	if s.Proxy().LeaderAddr() != c.Leader() || s.Proxy().NumNodes() != 1 {
		t.Errorf("the proxy knows the leader %s and %d nodes", s.Proxy().LeaderAddr(), s.Proxy().NumNodes())
	}
}

func must(reply heartbeatReply, err error) heartbeatReply {
	if err != nil {
		panic(err)
	}
	return reply
}

func TestTheConfiguredAddressIsAdvertised(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{Advertise: "sidecar.test:4746"}, c.Addrs()...)
	reply := register(t, newAgent(t, s), testutil.NodeID("agent"))
	if len(reply.Servers) != 1 || reply.Servers[0].RPCAdvertiseAddr != "sidecar.test:4746" {
		t.Errorf("%+v", reply.Servers)
	}
}

// answers has a node answer each call with its name, the method and the arguments.
func answers(name string) reverse {
	return reverse{
		call: func(method string, args codec.Raw) (codec.Raw, string) {
			if method == "No.Such" {
				return nil, "rpc: can't find service No.Such"
			}
			var b []byte
			err := codec.NewEncoderBytes(&b, rawHandle).Encode(map[string]any{"Name": name, "Method": method, "Args": args})
			if err != nil {
				return nil, err.Error()
			}
			return b, ""
		},
		stream: func(method string, conn net.Conn) (string, func()) {
			if method == "No.Stream" {
				return "Unknown rpc method: \"No.Stream\"", nil
			}
			return "", func() { echo(conn) }
		},
	}
}

type answer struct {
	Name, Method string
	Args         map[string]any
}

func TestServersReachTheAgentTheyAskFor(t *testing.T) {
	c := newCluster(t, 3)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	agents := 64
	if testing.Short() {
		agents = 8
	}
	ids := make([]string, agents)
	var joining sync.WaitGroup
	for i := range ids {
		ids[i] = testutil.NodeID(fmt.Sprint("agent", i))
		a := newAgent(t, s)
		answers(ids[i]).serve(t, a)
		joining.Go(func() {
			register(t, a, ids[i])
			for range 3 {
				if _, err := beat(a, ids[i]); err != nil {
					t.Errorf("agent %d: %v", i, err)
				}
			}
		})
	}
	joining.Wait()
	if got := s.Stats(); got.Tenants != agents || got.Connections != agents {
		t.Errorf("%+v", got)
	}
	var asking sync.WaitGroup
	for i, id := range ids {
		asking.Go(func() {
			server := c.Server(i % 3) // of which two in three ask another one to ask
			var reply answer
			if err := server.CallNode(t.Context(), id, "Any.Method", map[string]any{"NodeID": id}, &reply); err != nil {
				t.Errorf("agent %d: %v", i, err)
				return
			}
			if reply.Name != id || reply.Method != "Any.Method" || reply.Args["NodeID"] != id {
				t.Errorf("agent %d: %+v", i, reply)
			}
			expectRemote(t, server.CallNode(t.Context(), id, "No.Such", nil, nil), "rpc: can't find service No.Such")
			_, err := server.StreamNode(t.Context(), id, "No.Stream")
			expectRemote(t, err, "Unknown rpc method: \"No.Stream\"")
			conn, err := server.StreamNode(t.Context(), id, "Any.Stream")
			if err != nil {
				t.Errorf("agent %d: %v", i, err)
				return
			}
			defer func() { _ = conn.Close() }()
			expectEcho(t, conn, 300<<10)
		})
	}
	asking.Wait()
}

func expectRemote(t testing.TB, err error, text string) {
	t.Helper()
	remote, ok := errors.AsType[*testutil.RemoteError](err)
	if !ok || peeled(remote.Text) != text {
		t.Errorf("%v, want %q", err, text)
	}
}

// peeled is a text without what forwarding servers put before it.
func peeled(text string) string {
	const hop = "rpc error: "
	for len(text) > len(hop) && text[:len(hop)] == hop {
		text = text[len(hop):]
	}
	return text
}

func TestAfterAFailoverHeartbeatsGoOnAndServersFindTheAgent(t *testing.T) {
	for name, fail := range map[string]func(*testutil.Server){
		"killed": (*testutil.Server).Kill, "frozen": (*testutil.Server).Freeze, "leaving": (*testutil.Server).GoAway,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3)
			s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
			a := newAgent(t, s)
			id := testutil.NodeID("agent")
			answers(id).serve(t, a)
			register(t, a, id)
			must(beat(a, id))
			active, err := s.Proxy().FindServer()
			noError(t, err)
			fail(c.ServerAt(active.Addr))
			if name == "leaving" { // it still answers what comes before it is known to leave
				awaitThat(t, func() bool {
					now, err := s.Proxy().FindServer()
					return err == nil && now != active
				})
			}
			if _, err := beat(a, id); err != nil {
				t.Fatalf("the next heartbeat: %v", err)
			}
			now, err := s.Proxy().FindServer()
			noError(t, err)
			if now == active {
				t.Errorf("%v is still in front", now)
			}
			var reply answer
			noError(t, c.ServerAt(now.Addr).CallNode(t.Context(), id, "Any.Method", nil, &reply))
			if reply.Name != id {
				t.Errorf("%+v", reply)
			}
		})
	}
}

func TestWithoutAServerAnAgentGetsTextsThatHaveItTryAgain(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{Proxy: shortProxy}, c.Addrs()...)
	a := newAgent(t, s)
	c.Server(0).Inject(testutil.ExecuteThenReset().On("Echo.Count"))
	expectRefusal(t, a.Call("Echo.Count", map[string]string{"ID": "once"}, nil), "rpc error: EOF")
	c.Server(0).Heal()
	c.Server(0).Kill()
	expectRefusal(t, a.Call("Echo.Echo", 1, nil), "No cluster leader")
	_, err := beat(a, testutil.NodeID("agent"))
	expectRefusal(t, err, "No cluster leader")
	if got := s.Stats().Failed; got != 3 {
		t.Errorf("%d calls failed", got)
	}
	noError(t, c.Restart(0))
	awaitCall(t, a)
}

// awaitCall calls until it succeeds.
func awaitCall(t testing.TB, a *plainclient.Session) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err = a.Call("Status.Ping", struct{}{}, nil); err == nil {
			return
		}
	}
	t.Fatal(err)
}
