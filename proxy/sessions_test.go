package proxy_test

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Rounds, and looks for a corroborator, dial servers that are not used then. Between rounds
// there is one session, the one that calls go over.
func TestBetweenRoundsThereIsOneSession(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs(), Pool: pool.Config{DrainTimeout: 20 * time.Millisecond, IdleTimeout: time.Hour},
	})
	defer stop(t, p.Stop)
	for range 2 {
		for _, addr := range c.Addrs() { // as a round does with one server, and a corroborator with another
			if _, err := p.Ping(t.Context(), addr); err != nil {
				t.Fatal(err)
			}
		}
		if result, err := p.Rebalance(t.Context()); err != nil || !result.Adopted {
			t.Fatalf("%+v, %v", result, err)
		}
		eventually(t, "one session", func() bool { return p.Stats().Sessions == 1 })
	}
	active, _ := p.View().Active()
	if open := c.ServerAt(active.Addr).Counts().Open; open != 1 {
		t.Errorf("%d sessions at the server in front", open)
	}
}
