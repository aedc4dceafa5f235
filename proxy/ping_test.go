package proxy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

func TestPingAsksOneServerListedOrNot(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()[:1]})
	for i, addr := range c.Addrs() {
		if took, err := p.Ping(within(t), addr); err != nil || took <= 0 {
			t.Errorf("server %d: %v, %v", i, took, err)
		}
		if n := c.Server(i).Counts().Methods["Status.Ping"]; n == 0 {
			t.Errorf("server %d was not asked", i)
		}
	}
	shown(t, p, c.Addrs()[0])

	c.Server(1).Kill()
	took, err := p.Ping(within(t), c.Addrs()[1])
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok || call.Server != c.Addrs()[1] || call.Phase != pool.PhaseDial || took != 0 {
		t.Errorf("a dead server: %v, %v", took, err)
	}
	if took, err := p.Ping(within(t), "nomad:0"); took != 0 || err == nil {
		t.Errorf("a bad address: %v, %v", took, err)
	} else if bad, ok := errors.AsType[*messages.AddrError](err); !ok || bad.Input != "nomad:0" {
		t.Errorf("a bad address: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Ping(ctx, c.Addrs()[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	stop(t, p.Stop)
	if _, err := p.Ping(within(t), c.Addrs()[0]); !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("after Stop: %v", err)
	}
}

func TestPingGoesOverTheEmbeddersPingerAndEndsWithTheProxy(t *testing.T) {
	asked := make(chan string, 1)
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(func(ctx context.Context, addr string) (time.Duration, error) {
		asked <- addr
		if addr == "up:4647" {
			return 3 * time.Millisecond, nil
		}
		<-ctx.Done()
		return time.Second, ctx.Err()
	})})
	if took, err := p.Ping(within(t), "UP"); took != 3*time.Millisecond || err != nil || <-asked != "up:4647" {
		t.Errorf("%v, %v", took, err)
	}
	ended := make(chan error, 1)
	ctx := within(t)
	go func() { ended <- second(p.Ping(ctx, "silent")) }()
	<-asked
	stop(t, p.Stop)
	if err := <-ended; !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("%v", err)
	}
}
