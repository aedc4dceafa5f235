package proxy_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A server that is not trusted any more is left: the calls on it end, and are made elsewhere
// if that may be, and those that come go elsewhere without an error.
func TestCallsLeaveAServerThatIsNoLongerTrusted(t *testing.T) {
	var roots [2]*testutil.CA
	var servers [2]*testutil.Server
	held, holds := make(chan string, 100), atomic.Int64{} // which one holds calls
	for i := range servers {
		ca, err := testutil.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		id, err := ca.Server("global")
		if err != nil {
			t.Fatal(err)
		}
		cfg := ca.ServerTLS(id, "global")
		cfg.ClientAuth, cfg.VerifyPeerCertificate = 0, nil
		s, err := testutil.StartServer(testutil.ServerConfig{TLS: cfg})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Stop(context.Background()) })
		s.Handle("Test.Hold", func(ctx context.Context, r *testutil.Request) (any, error) {
			held <- s.Addr()
			if int(holds.Load()) != i {
				return "done", nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		roots[i], servers[i] = ca, s
	}
	p := startOver(t, proxy.Config{
		Servers: []string{servers[0].Addr(), servers[1].Addr()},
		Pool:    pool.Config{DrainTimeout: time.Millisecond, TLS: &pool.TLSConfig{CAPEM: append(append([]byte{}, roots[0].PEM()...), roots[1].PEM()...)}},
	})
	var active messages.Server
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithAnsweredBy(&active)); err != nil {
		t.Fatal(err)
	}
	left, stays := 0, 1
	if active.Addr != servers[0].Addr() {
		left, stays = 1, 0
	}
	holds.Store(int64(left))
	results := map[proxy.Class]chan error{}
	for _, class := range []proxy.Class{proxy.Read, proxy.AtMostOnce} {
		done := make(chan error, 1)
		results[class] = done
		go func() {
			done <- p.Call(within(t), "Test.Hold", struct{}{}, new(string), proxy.WithClass(class))
		}()
		if at := receive(t, "the call", held); at != servers[left].Addr() {
			t.Fatalf("it is at %s", at)
		}
	}
	if err := p.SetTLS(within(t), &pool.TLSConfig{CAPEM: roots[stays].PEM()}); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, "the call that may be repeated", results[proxy.Read]); err != nil {
		t.Errorf("%v", err)
	}
	receive(t, "its repetition", held)
	if err := receive(t, "the other one", results[proxy.AtMostOnce]); !errors.Is(err, pool.ErrDrained) {
		t.Errorf("%v", err)
	}
	for range 20 {
		if err := p.Call(within(t), "Test.Hold", struct{}{}, new(string), proxy.WithClass(proxy.Read)); err != nil {
			t.Fatal(err)
		}
		if at := receive(t, "a call", held); at != servers[stays].Addr() {
			t.Fatalf("a call went to %s", at)
		}
	}
}
