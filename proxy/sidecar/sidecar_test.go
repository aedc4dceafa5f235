package sidecar_test

import (
	"context"
	"errors"
	"net/rpc"
	"testing"
	"time"

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
	cfg.Listen = append(cfg.Listen, "127.0.0.1:0")
	cfg.Proxy.Servers = servers
	s, err := sidecar.Start(cfg)
	noError(t, err)
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

// newAgent connects a stock client to a sidecar.
func newAgent(t testing.TB, s *sidecar.Sidecar) *plainclient.Session {
	t.Helper()
	a, err := plainclient.Dial(t.Context(), s.Addrs()[0].String(), plainclient.Config{NoKeepAlive: true})
	noError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func TestACallIsCarriedAndSoIsItsError(t *testing.T) {
	c := newCluster(t, 3)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	a := newAgent(t, s)
	var leader string
	noError(t, a.Call("Status.Leader", map[string]any{"Region": "global"}, &leader))
	if leader == "" {
		t.Error("no leader")
	}
	for method, want := range map[string]string{
		"Foo.Bar":           "rpc: can't find service Foo.Bar",
		"Status.Version":    "rpc: can't find method Status.Version",
		"NoDot":             "rpc: service/method request ill-formed: NoDot",
		"Node.UpdateStatus": "Permission denied",
	} {
		stream, err := a.OpenMode(plainclient.ModeRPC) // of its own: servers end that of an unknown method
		noError(t, err)
		err = stream.Call(method, map[string]any{"Region": "global"}, nil)
		var text rpc.ServerError
		if !errors.As(err, &text) || string(text) != want {
			t.Errorf("%s: %q, want %q", method, err, want)
		}
	}
}
