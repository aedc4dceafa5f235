package proxy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestACallMayHaveAHoldTimeOfItsOwn(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	entered, release := make(chan struct{}, 10), make(chan struct{})
	c.Server(0).Handle("Test.Hold", func(context.Context, *testutil.Request) (any, error) {
		entered <- struct{}{}
		<-release
		return map[string]any{}, nil
	})
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{HoldTimeout: 30 * time.Millisecond}})
	once := proxy.WithClass(proxy.AtMostOnce)
	ctx := within(t)

	// One that gives its server an hour outlives one that gives it what is configured,
	// and one that gives it less than a blocking query asks for beyond that.
	patient := make(chan error, 1)
	go func() {
		patient <- p.Call(ctx, "Test.Hold", struct{}{}, nil, once, proxy.WithHoldTime(far))
	}()
	<-entered
	for _, call := range []struct {
		options []proxy.CallOption
		limit   time.Duration
	}{
		{[]proxy.CallOption{once}, 30 * time.Millisecond},
		{[]proxy.CallOption{once, proxy.WithHoldTime(-1)}, 30 * time.Millisecond},
		{[]proxy.CallOption{once, proxy.WithHoldTime(20 * time.Millisecond)}, 20 * time.Millisecond},
		{[]proxy.CallOption{once, proxy.WithBlockTime(160 * time.Millisecond), proxy.WithHoldTime(5 * time.Millisecond)}, 175 * time.Millisecond},
	} {
		err := p.Call(ctx, "Test.Hold", struct{}{}, nil, call.options...)
		if held, ok := errors.AsType[*pool.HoldError](err); !ok || held.Limit != call.limit {
			t.Errorf("%v, want a *pool.HoldError of %v", err, call.limit)
		}
	}
	close(release)
	if err := <-patient; err != nil {
		t.Errorf("the patient one: %v", err)
	}
}
