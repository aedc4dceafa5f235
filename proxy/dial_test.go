package proxy_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// holes dials black holes and one server, and counts.
type holes struct {
	good  string
	begun atomic.Int64
	now   atomic.Int64
	most  atomic.Int64
}

func (h *holes) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if addr == h.good {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}
	h.begun.Add(1)
	n := h.now.Add(1)
	defer h.now.Add(-1)
	for most := h.most.Load(); n > most && !h.most.CompareAndSwap(most, n); most = h.most.Load() {
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// nine are black holes.
func nine() (all []string) {
	for i := range 9 {
		all = append(all, net.JoinHostPort("192.0.2."+string(rune('1'+i)), "4647"))
	}
	return all
}

// However the agent got its servers: the dials of the nine never end, so a call
// that waited for one of them would not be answered.
func TestTheFirstCallFindsTheOneServerOfTenThatIsThere(t *testing.T) {
	t.Parallel()
	discoverer := func(found []string) proxy.Discoverer {
		return discovering(func(context.Context) ([]string, error) { return found, nil })
	}
	for name, begin := range map[string]func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy{
		"config": func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy {
			cfg.Servers = addrs
			return startProxy(t, cfg)
		},
		"discovery": func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy {
			cfg.Discoverer = discoverer(addrs)
			return startProxy(t, cfg)
		},
		"SetServers": func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy {
			p := startProxy(t, cfg)
			if err := p.SetServers(within(t), addrs...); err != nil {
				t.Fatal(err)
			}
			return p
		},
		"AddBackup": func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy {
			p := startProxy(t, cfg)
			if err := p.AddBackup(within(t), addrs...); err != nil {
				t.Fatal(err)
			}
			return p
		},
		"a heartbeat": func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy {
			p := startProxy(t, cfg)
			if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(addrs...), NumNodes: 10, LeaderRPCAddr: "x:1"}); err != nil {
				t.Fatal(err)
			}
			return p
		},
		"the state file": func(t *testing.T, cfg proxy.Config, addrs []string) *proxy.Proxy {
			cfg.StateFile = filepath.Join(t.TempDir(), "servers")
			former := startProxy(t, proxy.Config{Servers: addrs, StateFile: cfg.StateFile, Pinger: pinging(upPinger)})
			if err := former.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(addrs...), NumNodes: 10, LeaderRPCAddr: "x:1"}); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the file is written", func() bool {
				b, _ := os.ReadFile(cfg.StateFile)
				return strings.Contains(string(b), addrs[len(addrs)-1])
			})
			stop(t, former.Stop)
			cfg.Servers = addrs[:1]
			return startProxy(t, cfg)
		},
	} {
		for _, class := range []proxy.Class{proxy.AtMostOnce, proxy.Read} {
			t.Run(name+"/"+class.String(), func(t *testing.T) {
				t.Parallel()
				c := startCluster(t, 1)
				h := &holes{good: c.Addrs()[0]}
				p := begin(t, proxy.Config{Pool: pool.Config{Dial: h.dial}}, append(nine(), h.good))
				var got testutil.EchoCount
				if err := p.Call(within(t), "Echo.Count", counted{name}, &got, options(class)...); err != nil || got.Server != h.good {
					t.Fatalf("%+v, %v", got, err)
				}
				if n := c.Executions(name); n != 1 {
					t.Errorf("executed %d times", n)
				}
				// The next ones need not find that out.
				dials := p.Stats().Dials
				for range 20 {
					if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
						t.Fatal(err)
					}
				}
				if n := p.Stats().Dials; n != dials {
					t.Errorf("%d dials more for calls behind the first", n-dials)
				}
			})
		}
	}
}

func TestManyFirstCallsDialNoMoreThanOne(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	h := &holes{good: c.Addrs()[0]}
	p := startProxy(t, proxy.Config{Servers: append(nine(), h.good), Pool: pool.Config{Dial: h.dial}})
	var calls sync.WaitGroup
	for range 200 {
		calls.Go(func() {
			if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if n := h.begun.Load(); n > 9 {
		t.Errorf("%d dials of nine servers", n)
	}
	// Nor do those that follow wait until the server in front has been silent for a while.
	ctx := within(t)
	for range 150 {
		if err := p.Call(ctx, "Status.Ping", struct{}{}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStreamGoesToTheServerThatIsThere(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	h := &holes{good: c.Addrs()[0]}
	p := startProxy(t, proxy.Config{Servers: append(nine()[:3], h.good), Pool: pool.Config{Dial: h.dial}})
	conn, err := p.Stream(within(t), "Agent.Monitor")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// A heartbeat has a soft deadline, and its slices are about servers: they begin when one is there.
func TestACallWithASoftDeadlineGoesToTheServerThatIsThere(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	h := &holes{good: c.Addrs()[0]}
	p := startProxy(t, proxy.Config{Servers: append(nine()[:3], h.good), Pool: pool.Config{Dial: h.dial}})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithSoftDeadline(time.Now().Add(far))); err != nil {
		t.Fatal(err)
	}
}

func TestACallThatReachesNoServerEndsWithItsContextAndWasNotSent(t *testing.T) {
	t.Parallel()
	h := new(holes)
	p := startProxy(t, proxy.Config{Servers: nine(), Pool: pool.Config{Dial: h.dial}})
	before := p.View()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Call(ctx, "Echo.Count", counted{"x"}, nil) }()
	eventually(t, "several dials", func() bool { return h.now.Load() >= 3 })
	cancel()
	err := <-ended
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok || call.Outcome != pool.NotSent || call.Phase != pool.PhaseDial {
		t.Errorf("%v", err)
	}
	if !sameOrder(p.View(), before) {
		t.Error("a caller that left took a server away")
	}
}

// A server that refuses is reported at once, and delays no call.
func TestServersThatRefuseAreDeemedFailedWhenTheFirstCallIsAnswered(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 4)
	good := c.Addrs()[3]
	for i := range 3 {
		stop(t, c.Server(i).Stop)
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, options(proxy.AtMostOnce)...); err != nil {
		t.Fatal(err)
	}
	if front := active(t, p); front.Addr != good {
		t.Errorf("%v is in front, want %s: %s", front, good, picture(p.View()))
	}
}
