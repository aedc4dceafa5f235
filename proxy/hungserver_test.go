package proxy_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// quick is a proxy whose pool finds out soon, and tells why servers are down.
func quick(down chan<- error, cfg proxy.Config) proxy.Config {
	cfg.Pool = pool.Config{SilenceLimit: 100 * time.Millisecond, PingTimeout: 400 * time.Millisecond, HoldTimeout: far}
	return proxy.Hooked(cfg, poolhooks.Hooks{Down: func(_ string, err error) {
		select {
		case down <- err:
		default:
		}
	}})
}

// behindHung is a proxy whose server in front is hung, and two others are well.
func behindHung(t *testing.T, hung string, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	c := startCluster(t, 2)
	cfg.Servers, cfg.ProbeStagger = []string{hung}, time.Millisecond
	p := startProxy(t, cfg)
	for _, addr := range c.Addrs() {
		if _, err := p.AddPrimary(within(t), addr); err != nil {
			t.Fatal(err)
		}
	}
	if active(t, p).Addr != hung {
		t.Fatal("the hung server is not in front")
	}
	return p
}

// Whatever bytes come in: a server that answers no call is left, and reads are not lost.
func TestAServerThatAnswersNoCallIsLeft(t *testing.T) {
	for name, kind := range hungPeers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			down := make(chan error, 100)
			hung := kind.start(t)
			p := behindHung(t, hung, quick(down, proxy.Config{}))
			if err := p.Call(within(t), "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
				t.Error(err)
			}
			awaitView(t, p, "the hung server counts as failed", func(v *messages.View) bool {
				return v.Health(server(t, hung)) == messages.Failed
			})
			if active(t, p).Addr == hung {
				t.Errorf("it is in front: %s", picture(p.View()))
			}
			if err := <-down; !errors.Is(err, pool.ErrNotServing) && !errors.Is(err, pool.ErrSilent) {
				t.Errorf("it is down for %v", err)
			}
			if err := p.Call(within(t), "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// A caller that gives up each time before its call is late, for ever.
func TestAHungServerIsLeftAlthoughNoCallerWaitsForLong(t *testing.T) {
	t.Parallel()
	down := make(chan error, 100)
	p := behindHung(t, hungPeers["answers pings only"].start(t), quick(down, proxy.Config{}))
	eventually(t, "a call is answered", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return p.Call(ctx, "Echo.Count", counted{"x"}, nil) == nil
	})
}

// There is nothing to leave to; once there is, it is used.
func TestTheOnlyServerIsHungUntilAnotherOneComesUp(t *testing.T) {
	t.Parallel()
	hung := hungPeers["answers pings only"].start(t)
	p := startProxy(t, quick(nil, proxy.Config{Servers: []string{hung}}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := p.Call(ctx, "Status.Peers", map[string]any{"Region": "global"}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if active(t, p).Addr != hung {
		t.Error("left for nothing")
	}
	c := startCluster(t, 1)
	if _, err := p.AddPrimary(within(t), c.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.Call(within(t), "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
		t.Error(err)
	}
}

// hangs has one method of a server answer each so manieth call, and hold the others.
func hangs(s *testutil.Server, method string, each int64) {
	var calls atomic.Int64
	s.Handle(method, func(ctx context.Context, _ *testutil.Request) (any, error) {
		if n := calls.Add(1); each > 0 && n%each == 0 {
			return struct{}{}, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
}

// serves has the other servers of a cluster answer the method.
func serves(c *testutil.Cluster, method string, hung string) {
	for _, s := range c.Servers() {
		if s.Addr() != hung {
			s.Handle(method, func(context.Context, *testutil.Request) (any, error) { return struct{}{}, nil })
		}
	}
}

// A server that hangs in part is left after a few calls, none of which is lost, and
// does not come back with the rounds, although it answers their probes.
func TestAServerThatHangsInPartIsLeftForGood(t *testing.T) {
	for name, c := range map[string]struct {
		each  int64 // of the method's calls is answered; 0: none
		pings bool  // Status.Ping hangs too
	}{
		"one method hangs":          {},
		"it answers each tenth":     {each: 10},
		"and each tenth of all":     {each: 10, pings: true},
		"all but Status.Ping hangs": {each: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startCluster(t, 3)
			p := startProxy(t, proxy.Config{
				Servers: cluster.Addrs(), ProbeStagger: time.Millisecond,
				Pool: pool.Config{SilenceLimit: time.Second, PingTimeout: 2 * time.Second},
			})
			front := active(t, p)
			hangs(cluster.ServerAt(front.Addr), "Test.Some", c.each)
			if c.pings {
				hangs(cluster.ServerAt(front.Addr), "Status.Ping", c.each)
			}
			serves(cluster, "Test.Some", front.Addr)
			for begin := time.Now(); active(t, p) == front; {
				ctx, cancel := context.WithTimeout(t.Context(), limit) // much more than the slices
				err := p.Call(ctx, "Test.Some", struct{}{}, nil, proxy.WithClass(proxy.Read))
				cancel()
				if err != nil {
					t.Fatal(err)
				}
				if time.Since(begin) > 2*limit {
					t.Fatalf("it is not left: %s", picture(p.View()))
				}
			}
			if c.pings {
				return // rounds find that it is hung, or not
			}
			for range 30 {
				if _, err := p.Rebalance(within(t)); err != nil {
					t.Fatal(err)
				}
				if active(t, p) == front {
					t.Fatalf("a round has put it in front again: %s", picture(p.View()))
				}
			}
		})
	}
}

// Callers that give up before any slice is over find it too: their next call goes
// elsewhere first.
func TestAMethodThatHangsIsFoundByCallersThatGiveUpSoon(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: cluster.Addrs()})
	front := active(t, p)
	hangs(cluster.ServerAt(front.Addr), "Test.Some", 0)
	serves(cluster, "Test.Some", front.Addr)
	eventually(t, "it is left", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		_ = p.Call(ctx, "Test.Some", struct{}{}, nil)
		return active(t, p) != front
	})
}

// A cluster that is slow as a whole keeps its order: each server is asked whether it
// serves, and answers.
func TestAClusterThatIsSlowAsAWholeDoesNotFlap(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	for _, s := range cluster.Servers() {
		s.Inject(testutil.Slow(300 * time.Millisecond))
	}
	p := startProxy(t, proxy.Config{Servers: cluster.Addrs(), Pool: pool.Config{
		SilenceLimit: 100 * time.Millisecond, PingTimeout: far, HoldTimeout: far,
	}})
	front := active(t, p)
	for range 5 {
		if err := p.Call(within(t), "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
			t.Error(err)
		}
	}
	if active(t, p) != front || p.Stats().Asks == 0 {
		t.Errorf("left, or not asked (%d times): %s", p.Stats().Asks, picture(p.View()))
	}
}

// The way to the only server is hung, as where a balancer answers for a backend that is
// gone: a new connection to it answers, and takes its place.
func TestASessionThatGetsNoAnswersIsReplacedByANewConnection(t *testing.T) {
	t.Parallel()
	good := startCluster(t, 1)
	hung, first := hungPeers["answers pings only"].start(t), new(atomic.Bool)
	cfg := quick(nil, proxy.Config{Servers: []string{"127.0.0.1:1"}})
	cfg.Pool.Dial = dialFirst(first, hung, good.Addrs()[0])
	p := startProxy(t, cfg)
	renewed := p.Renewed()
	if err := p.Call(endless(t), "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
		t.Error(err)
	}
	select {
	case <-renewed:
	case <-time.After(limit):
		t.Error("Renewed does not report it, so the server does not learn of the agent")
	}
}

// dialFirst dials one server the first time, whatever the address, and then the other.
func dialFirst(dialed *atomic.Bool, first, then string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		if dialed.CompareAndSwap(false, true) {
			return new(net.Dialer).DialContext(ctx, network, first)
		}
		return new(net.Dialer).DialContext(ctx, network, then)
	}
}
