package proxy_test

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// One server is dead and silent, one lives: the heartbeat lands within a slice of
// its time, long before anybody can be sure of the silence.
func TestAHeartbeatLandsInTimeWhileItsServerIsFrozen(t *testing.T) {
	c := startCluster(t, 2)
	// The pool would need an hour to find out.
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{SilenceLimit: far}})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Freeze()
	t.Cleanup(c.ServerAt(front.Addr).Thaw)
	const ttl = 3 * time.Second
	begin, watch := time.Now(), testutil.StartStopwatch(t)
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithBudget(begin.Add(ttl))); err != nil {
		t.Fatal(err)
	}
	if ran := watch.Elapsed(); ran > ttl {
		t.Fatalf("landed after %v, of which %v were run", time.Since(begin), ran)
	}
	if active(t, p) != front {
		t.Fatal("a server was left that has only not answered in its slice")
	}
}

// An AtMostOnce call is not sent again, budget or not.
func TestASliceDoesNotRepeatWhatMayHaveBeenExecuted(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	s := c.ServerAt(front.Addr)
	s.Inject(testutil.Mute())
	for ctx := within(t); ; {
		err := p.Call(ctx, "Echo.Count", counted{"x"}, nil, proxy.WithBudget(time.Now().Add(time.Second)))
		if call, ok := errors.AsType[*proxy.CallError](err); ok && call.Outcome == pool.MaybeExecuted && call.Attempts == 1 {
			return
		}
		// A slice may be over before anything was sent, on a slow machine; then the
		// call may go on. What the server has read, nobody else may be given.
		if n := s.Counts().Methods["Echo.Count"]; n != 0 || active(t, p) != front || ctx.Err() != nil {
			t.Fatalf("%v, after the server in front had read %d requests", err, n)
		}
	}
}
