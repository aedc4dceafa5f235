package plainclient_test

import (
	"context"
	"net/rpc"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestCallsFollowOneAnotherOnOneStreamAlsoAfterAnErrorThatTheServerAnswered(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	id, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	server, err := testutil.StartServer(testutil.ServerConfig{TLS: ca.ServerTLS(id, "global")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) }) // a client that is closed keeps nothing running
	if session, err := plainclient.Dial(t.Context(), server.Addr(), plainclient.Config{TLS: ca.ClientTLS(nil, "global")}); err == nil {
		err = session.Call("Status.Ping", map[string]any{}, nil)
		_ = session.Close()
		if err == nil {
			t.Error("a client without a certificate was answered")
		}
	}
	session, err := plainclient.Dial(t.Context(), server.Addr(), plainclient.Config{TLS: ca.ClientTLS(id, "global")})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for range 3 {
		var reply string
		if err := session.Call("Echo.Echo", "hello", &reply); err != nil || reply != "hello" {
			t.Fatalf("%q, %v", reply, err)
		}
		server.Inject(testutil.AppError("Status.Ping", "no").Times(1))
		if err := session.Call("Status.Ping", map[string]any{}, nil); err != rpc.ServerError("no") {
			t.Fatal(err)
		}
	}
	if n := server.Counts().Streams; n != 1 {
		t.Errorf("%d streams for calls that follow one another", n)
	}
	server.Inject(testutil.Garbage(testutil.LayerSeq))
	if err := session.Call("Echo.Echo", "hello", nil); err != plainclient.ErrSeq {
		t.Error(err)
	}
}
