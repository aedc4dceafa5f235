package proxy_test

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// One server is dead and silent, one lives: the heartbeat lands within a slice of
// its time, long before anybody can be sure of the silence.
func TestAHeartbeatLandsInTimeWhileItsServerIsFrozen(t *testing.T) {
	c := startCluster(t, 2)
	// The pool would need a minute to find out.
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{SilenceLimit: time.Minute}})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Freeze()
	t.Cleanup(c.ServerAt(front.Addr).Thaw)
	const ttl = 3 * time.Second
	begin := time.Now()
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithBudget(begin.Add(ttl))); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > ttl {
		t.Fatalf("landed after %v", took)
	}
	if active(t, p) != front {
		t.Fatal("a server was left that has only not answered in its slice")
	}
}

// An AtMostOnce call is not sent again, budget or not.
func TestASliceDoesNotRepeatWhatMayHaveBeenExecuted(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Freeze()
	t.Cleanup(c.ServerAt(front.Addr).Thaw)
	err := p.Call(within(t), "Echo.Count", counted{"x"}, nil, proxy.WithBudget(time.Now().Add(time.Second)))
	if call, ok := errors.AsType[*proxy.CallError](err); !ok || call.Outcome != pool.MaybeExecuted || call.Attempts != 1 {
		t.Fatal(err)
	}
}
