package sidecar

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// A real agent's requests, to the byte, get the bytes that a real server has answered, but for
// the list of servers.
func TestWhatARealAgentSentIsAnsweredAsARealServerDid(t *testing.T) {
	for _, name := range []string{"real_client_agent", "register_heartbeat", "ping", "unknown_method", "refused_arguments"} {
		t.Run(name, func(t *testing.T) {
			recorded, err := testutil.LoadGolden(name)
			if err != nil {
				t.Fatal(err)
			}
			server, err := testutil.StartPlayer(testutil.PlayerConfig{Transcript: recorded})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = server.Stop(context.Background()) }()
			s, err := Start(Config{
				Listen: []string{"127.0.0.1:0"}, Advertise: own,
				Proxy: proxy.Config{Servers: []string{server.Addr()}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Stop(context.Background()) }()
			agent, err := plainclient.Dial(t.Context(), s.Addrs()[0].String(), plainclient.Config{NoKeepAlive: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = agent.Close() }()
			played := 0
			var last uint32
			var stream *plainclient.Stream
			for _, x := range recorded.Exchanges() {
				if x.Stream != last {
					if last = x.Stream; stream != nil {
						_ = stream.Close()
					}
					if stream, err = agent.OpenMode(plainclient.ModeRPC); err != nil {
						t.Fatal(err)
					}
				}
				replay(t, stream, x)
				played++
			}
			if played == 0 {
				t.Error("the recording has no requests")
			}
		})
	}
}

// replay sends one recorded request and compares the answer.
func replay(t *testing.T, stream io.ReadWriter, x testutil.Exchange) {
	t.Helper()
	if _, err := stream.Write(append(bytes.Clone(x.RequestHeader), x.RequestBody...)); err != nil {
		t.Fatal(err)
	}
	handle := &codec.MsgpackHandle{}
	handle.Raw, handle.RawToString = true, true
	dec := codec.NewDecoder(stream, handle)
	type header struct {
		Error, ServiceMethod string
		Seq                  uint64
	}
	var got, want header
	var body codec.Raw
	if err := codec.NewDecoderBytes(x.ResponseHeader, handle).Decode(&want); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%s: %v", x.Method, err)
	}
	if err := dec.Decode(&body); err != nil {
		t.Fatalf("%s: %v", x.Method, err)
	}
	if got != want {
		t.Errorf("%s: %+v, want %+v", x.Method, got, want)
	}
	expected := pool.Raw(x.ResponseBody)
	if x.Method == "Node.Register" || x.Method == "Node.UpdateStatus" {
		if expected = withServer(expected, own); x.Error == "" && bytes.Equal(expected, x.ResponseBody) {
			t.Errorf("%s: the recorded answer names no servers", x.Method)
		}
	}
	if !bytes.Equal(body, expected) {
		t.Errorf("%s: the answer is\n%x, want\n%x", x.Method, body, expected)
	}
}
