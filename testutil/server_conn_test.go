package testutil

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func connect(tb testing.TB, addr string, first ...byte) net.Conn {
	tb.Helper()
	sock, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = sock.Close() })
	if _, err := sock.Write(first); err != nil {
		tb.Fatal(err)
	}
	_ = sock.SetDeadline(time.Now().Add(patience))
	return sock
}

func TestAnUnknownFirstByteEndsTheConnection(t *testing.T) {
	s := start(t, ServerConfig{})
	for _, b := range []byte{0x00, 0x02, 0x04, 0x07, 'G'} {
		if n, err := connect(t, s.Addr(), b).Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after 0x%02x: %d bytes, %v", b, n, err)
		}
	}
}

func TestASilentConnectionIsClosed(t *testing.T) {
	s := start(t, ServerConfig{FirstByteTimeout: moment})
	before := time.Now()
	_, err := connect(t, s.Addr()).Read(make([]byte, 1))
	if err != io.EOF || time.Since(before) < moment {
		t.Errorf("after %v: %v", time.Since(before), err)
	}
}

func TestTheModesWithoutStreamBytesWork(t *testing.T) {
	s := start(t, ServerConfig{})
	direct := connect(t, s.Addr(), modeRPC)
	call := &rpcStream{Stream: plainclient.NewStream(direct, plain)}
	for range 2 {
		if err := call.call("Status.Ping", dict{}, nil); err != nil {
			t.Errorf("plain: %v", err)
		}
	}
	session, err := plainclient.Start(connect(t, s.Addr(), modeMultiplex), plain)
	old := newClient(t, session, err)
	stream, err := old.Session.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	call = &rpcStream{Stream: plainclient.NewStream(stream, plain)}
	if err := call.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("multiplexed: %v", err)
	}
}

func TestRequestsOnAStreamAreAnsweredOneAfterAnother(t *testing.T) {
	s := start(t, ServerConfig{})
	c := dial(t, s.Addr())
	busy, free := c.open(modeRPC), c.open(modeRPC)
	if err := busy.Send("Echo.Sleep", dict{"Duration": moment}); err != nil {
		t.Fatal(err)
	}
	first := busy.Seq
	if err := busy.Send("Echo.Echo", dict{"n": 2}); err != nil {
		t.Fatal(err)
	}
	if err := free.call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("another stream: %v", err)
	}
	busy.Seq = first
	_ = busy.SetDeadline(time.Now().Add(patience))
	if err := busy.Receive(nil); err != nil {
		t.Errorf("the first answer: %v", err)
	}
	busy.Seq = first + 1
	var echoed dict
	if err := busy.Receive(&echoed); err != nil || echoed["n"] == nil {
		t.Errorf("the second answer: %v, %v", echoed, err)
	}
}

func TestAStreamWithoutItsByteStallsThoseBehindIt(t *testing.T) {
	c := dial(t, start(t, ServerConfig{}).Addr())
	mute, err := c.Session.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	behind := c.open(modeRPC)
	if err := behind.callWithin(moment, "Status.Ping", dict{}, nil); !isTimeout(err) {
		t.Errorf("the stream behind: %v", err)
	}
	if _, err := mute.Write([]byte{modeRPC}); err != nil {
		t.Fatal(err)
	}
	_ = behind.SetDeadline(time.Now().Add(patience))
	if err := behind.Receive(nil); err != nil {
		t.Errorf("after the byte came: %v", err)
	}
}

func TestAClientMayHaveOnlySoManyConnections(t *testing.T) {
	s := start(t, ServerConfig{MaxConnsPerClient: 1})
	first := dial(t, s.Addr()).open(modeRPC)
	if err := first.call("Status.Ping", dict{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, s.Addr()).Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the second connection: %v", err)
	}
	_ = first.Session.Close()
	await(t, func() bool { return s.Counts().Open == 0 })
	if err := dial(t, s.Addr()).open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Errorf("after the first ended: %v", err)
	}
}

func TestAMethodWithoutADotIsIllFormed(t *testing.T) {
	stream := dial(t, start(t, ServerConfig{}).Addr()).open(modeRPC)
	if err := stream.call("NoDot", dict{}, nil); err != remoteError("rpc: service/method request ill-formed: NoDot") {
		t.Errorf("got %v", err)
	}
	if err := stream.ended(); err != nil {
		t.Error(err)
	}
}

func TestABadConfigurationIsRefusedByName(t *testing.T) {
	for field, cfg := range map[string]ServerConfig{
		"HeartbeatTTLMax":   {HeartbeatTTLMin: 2, HeartbeatTTLMax: 1},
		"HeartbeatTTLMin":   {HeartbeatTTLMin: -1, HeartbeatTTLMax: 1},
		"RPCHoldTimeout":    {RPCHoldTimeout: -1},
		"FirstByteTimeout":  {FirstByteTimeout: -1},
		"MaxConnsPerClient": {MaxConnsPerClient: -1},
	} {
		_, err := StartServer(cfg)
		if bad, ok := errors.AsType[*ConfigError](err); !ok || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for field, cfg := range map[string]ClusterConfig{
		"Size":          {Size: -1},
		"Server.Addr":   {Server: ServerConfig{Addr: "127.0.0.1:0"}},
		"ElectionDelay": {ElectionDelay: -1},
	} {
		_, err := StartCluster(cfg)
		if bad, ok := errors.AsType[*ConfigError](err); !ok || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := StartServer(ServerConfig{Addr: "nonsense"}); err == nil {
		t.Error("a server listens on nonsense")
	}
}
