package proxy_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

type echo struct{ Text string }

func TestACallReachesAServer(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	var got echo
	if err := p.Call(within(t), "Echo.Echo", echo{"hello"}, &got); err != nil || got.Text != "hello" {
		t.Fatalf("got %q, %v", got.Text, err)
	}
}

func TestAKilledServerIsLeftAndNoCallIsLost(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	ctx, stop := context.WithCancel(within(t))
	var calls atomic.Int64
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			for ctx.Err() == nil {
				var got echo
				err := p.Call(ctx, "Echo.Echo", echo{"x"}, &got, proxy.WithClass(proxy.Idempotent))
				if err != nil && ctx.Err() == nil {
					t.Errorf("lost a call: %v", err)
				}
				calls.Add(1)
			}
		})
	}
	for range 6 {
		front := active(t, p)
		for n := calls.Load(); calls.Load() < n+200; {
			if ctx.Err() != nil {
				t.Fatal("calls stand still")
			}
			time.Sleep(time.Millisecond)
		}
		s := c.ServerAt(front.Addr)
		s.Kill()
		for n := calls.Load(); calls.Load() < n+200; {
			time.Sleep(time.Millisecond)
		}
		if err := s.Restart(); err != nil {
			t.Error(err)
		}
	}
	stop()
	callers.Wait()
	t.Log(calls.Load(), p.Stats())
}

func TestARefusedDialGoesToTheNextServerWithoutBeingSentTwice(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Kill()
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", struct{ ID string }{"a"}, &got); err != nil {
		t.Fatal(err)
	}
	if got.Count != 1 || active(t, p) == front {
		t.Fatalf("%+v, active %v", got, active(t, p))
	}
	if err := p.Call(within(t), "No.Such", struct{}{}, nil); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestAFrozenServerIsLeftInAboutThreeSeconds(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	var got echo
	if err := p.Call(within(t), "Echo.Echo", echo{"warm"}, &got); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Freeze()
	defer c.ServerAt(front.Addr).Thaw()
	begin := time.Now()
	if err := p.Call(within(t), "Echo.Echo", echo{"x"}, &got, proxy.WithClass(proxy.Idempotent)); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(begin), p.Stats())
	if active(t, p) == front {
		t.Fatal("still in front")
	}
}
