package sidecar_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rawHandle passes a codec.Raw as the bytes it is.
var rawHandle = func() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.Raw, h.RawToString, h.MapType = true, true, reflect.TypeFor[map[string]any]()
	return h
}()

// encoded is v as msgpack.
func encoded(t testing.TB, v any) codec.Raw {
	t.Helper()
	var b []byte
	noError(t, codec.NewEncoderBytes(&b, rawHandle).Encode(v))
	return b
}

// newCluster starts a cluster that ends with the test.
func newCluster(t testing.TB, size int) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: size})
	noError(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

// newSidecar starts a sidecar for servers that ends with the test.
func newSidecar(t testing.TB, cfg sidecar.Config, servers ...string) *sidecar.Sidecar {
	t.Helper()
	if len(cfg.Listeners) == 0 {
		cfg.Listen = append(cfg.Listen, "127.0.0.1:0")
	}
	cfg.Proxy.Servers = servers
	s, err := sidecar.Start(cfg)
	noError(t, err)
	t.Cleanup(func() { stop(t, s) })
	return s
}

// stop stops a sidecar.
func stop(t testing.TB, s *sidecar.Sidecar) {
	t.Helper()
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// addr is where a sidecar listens.
func addr(s *sidecar.Sidecar) string { return s.Addrs()[0].String() }

// newAgent connects a stock client to a sidecar. It passes codec.Raw as it is.
func newAgent(t testing.TB, s *sidecar.Sidecar) *plainclient.Session {
	t.Helper()
	a, err := plainclient.Dial(t.Context(), addr(s), plainclient.Config{NoKeepAlive: true, Handle: rawHandle})
	noError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// fresh makes a call on a stream of its own: servers end that of an unknown method.
func fresh(t testing.TB, a *plainclient.Session, method string, args, reply any) error {
	t.Helper()
	stream, err := a.OpenMode(plainclient.ModeRPC)
	noError(t, err)
	defer func() { _ = stream.Close() }()
	return stream.Call(method, args, reply)
}

// heartbeatReply is what an agent reads of the answer to a heartbeat.
type heartbeatReply struct {
	Servers       []testutil.ServerInfo
	NumNodes      int
	LeaderRPCAddr string
	HeartbeatTTL  time.Duration
}

// register registers a node.
func register(t testing.TB, a *plainclient.Session, id string) (reply heartbeatReply) {
	t.Helper()
	node := map[string]any{
		"ID": id, "SecretID": "secret-" + id, "Datacenter": "dc1", "Name": id, "Status": "initializing",
		"Attributes": map[string]string{"nomad.version": "2.0.6"},
	}
	noError(t, a.Call("Node.Register", map[string]any{"Region": "global", "Node": node}, &reply))
	return reply
}

// beat sends the heartbeat of a node.
func beat(a *plainclient.Session, id string) (reply heartbeatReply, err error) {
	err = a.Call("Node.UpdateStatus", map[string]any{
		"Region": "global", "NodeID": id, "Status": "ready", "AuthToken": "secret-" + id,
	}, &reply)
	return reply, err
}

// reverse is what an agent answers to its servers.
type reverse struct {
	call   func(method string, args codec.Raw) (reply codec.Raw, refusal string)
	stream func(method string, conn net.Conn) (refusal string, serve func())
}

// serve answers what comes in on streams that the server's side of a session opens, until the
// session ends.
func (r reverse) serve(t testing.TB, a *plainclient.Session) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			st, err := a.AcceptStream()
			if err != nil {
				return
			}
			go r.one(st)
		}
	}()
	t.Cleanup(func() {
		_ = a.Close()
		<-ended
	})
}

func (r reverse) one(st net.Conn) {
	defer func() { _ = st.Close() }()
	var mode [1]byte
	if _, err := io.ReadFull(st, mode[:]); err != nil {
		return
	}
	if mode[0] == plainclient.ModeStreaming {
		dec := codec.NewDecoder(bufio.NewReaderSize(oneByte{st}, 16), rawHandle)
		var h struct{ Method string }
		if dec.Decode(&h) != nil {
			return
		}
		refusal, serve := r.stream(h.Method, st)
		if codec.NewEncoder(st, rawHandle).Encode(map[string]string{"Error": refusal}) == nil && serve != nil {
			serve()
		}
		return
	}
	dec := codec.NewDecoder(st, rawHandle)
	for {
		var h struct {
			Seq           uint64
			ServiceMethod string
		}
		var args codec.Raw
		if dec.Decode(&h) != nil || dec.Decode(&args) != nil {
			return
		}
		reply, refusal := r.call(h.ServiceMethod, args)
		if refusal != "" {
			reply = codec.Raw{0x80}
		}
		var out []byte
		enc := codec.NewEncoderBytes(&out, rawHandle)
		if enc.Encode(map[string]any{"Seq": h.Seq, "ServiceMethod": h.ServiceMethod, "Error": refusal}) != nil {
			return
		}
		if _, err := st.Write(append(out, reply...)); err != nil {
			return
		}
	}
}

// oneByte reads no further than it is asked to.
type oneByte struct{ io.Reader }

func (o oneByte) Read(b []byte) (int, error) { return o.Reader.Read(b[:min(len(b), 1)]) }
