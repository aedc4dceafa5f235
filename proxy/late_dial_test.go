package proxy_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// A busy server answers a dial after its callers were told that it failed. The agent has a
// session to it then: the list must learn of that, as calls that found no server wait for one.
// None is under way here, and no round, that could find it out.
func TestAServerWhoseLateDialComesThroughIsWellAgain(t *testing.T) {
	c := startCluster(t, 1)
	s := c.Server(0)
	s.Freeze()
	thawed := false
	defer func() {
		if !thawed {
			s.Thaw()
		}
	}()
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{DialTimeout: time.Second}})
	front := active(t, p)
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error, 1)
	go func() { done <- p.Call(ctx, "Status.Ping", nil, nil) }()
	awaitView(t, p, "a dial that is late", func(v *messages.View) bool { return v.Health(front) == messages.Failed })
	cancel()
	if err := <-done; err == nil {
		t.Fatal("a frozen server has answered")
	}
	s.Thaw()
	thawed = true
	awaitView(t, p, "the server that is there after all", func(v *messages.View) bool { return v.Health(front) == messages.Alive })
	if n := p.Stats().Sessions; n != 1 {
		t.Errorf("%d sessions", n)
	}
}
