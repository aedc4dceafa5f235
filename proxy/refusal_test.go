package proxy_test

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAServerOfAnotherRegionIsAskedOnceAndThenRanksBehind(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	foreign := active(t, p)
	c.ServerAt(foreign.Addr).Inject(testutil.AppError("Echo.Count", testutil.ErrTextNoRegionPath))
	for i := range 5 {
		args := map[string]any{"Region": "global", "ID": string(rune('a' + i))}
		if err := p.Call(within(t), "Echo.Count", args, nil, proxy.WithClass(proxy.AtMostOnce)); err != nil {
			t.Fatal(err)
		}
		if s := active(t, p); s == foreign || p.View().Health(foreign) != messages.Leaderless {
			t.Fatalf("%v is in front; the foreign one is held for %v", s, p.View().Health(foreign))
		}
	}
}

func TestACallForAnotherRegionLeavesTheServerThatKnowsNoPathInFront(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Inject(testutil.AppError("Echo.Count", testutil.ErrTextNoRegionPath))
	for _, region := range []string{"mars", ""} {
		if err := p.Call(within(t), "Echo.Count", map[string]any{"Region": region, "ID": "x" + region}, nil); err != nil {
			t.Fatal(err)
		}
		if active(t, p) != front {
			t.Fatalf("a call for %q took the server from the front", region)
		}
	}
}

func TestWhereEveryServerIsOfAnotherRegionTheCallReportsThat(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	for _, addr := range c.Addrs() {
		c.ServerAt(addr).Inject(testutil.AppError("Echo.Count", testutil.ErrTextNoRegionPath))
	}
	for range 3 {
		err := p.Call(within(t), "Echo.Count", map[string]any{"Region": "global", "ID": "x"}, nil)
		if e, ok := errors.AsType[*proxy.CallError](err); !ok || !errors.Is(err, pool.ErrNoRegionPath) || e.Attempts != 3 || e.Outcome != pool.Rejected {
			t.Fatalf("%v", err)
		}
	}
}

func TestATokenThatOneServerDoesNotKnowIsShownToAFewOthers(t *testing.T) {
	c := startCluster(t, 5)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	c.ServerAt(front.Addr).Inject(testutil.AppError("Echo.Count", "ACL token not found"))
	if err := p.Call(within(t), "Echo.Count", map[string]any{"ID": "x"}, nil); err != nil || active(t, p) != front {
		t.Fatalf("%v; %v is in front", err, active(t, p))
	}
	for _, addr := range c.Addrs() {
		c.ServerAt(addr).Inject(testutil.AppError("Echo.Count", "ACL token not found"))
	}
	err := p.Call(within(t), "Echo.Count", map[string]any{"ID": "y"}, nil)
	if e, ok := errors.AsType[*proxy.CallError](err); !ok || !errors.Is(err, pool.ErrTokenNotFound) || e.Attempts != 3 {
		t.Errorf("%v: want three of five servers asked", err)
	}
}
