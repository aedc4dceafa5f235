package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
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

// dialCounter counts dials by address.
type dialCounter map[string]*atomic.Int64

func newDialCounter(addrs []string) dialCounter {
	d := dialCounter{}
	for _, a := range addrs {
		d[a] = new(atomic.Int64)
	}
	return d
}

func (d dialCounter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d[addr].Add(1)
	return new(net.Dialer).DialContext(ctx, network, addr)
}

func TestDefect02AFailedProbeAdvancesToTheNextServer(t *testing.T) {
	c := startCluster(t, 4)
	addrs := c.Addrs()
	alive := addrs[2]
	for i, a := range addrs {
		if a != alive {
			c.Kill(i)
		}
	}
	probedDead := 0
	for seed := range uint64(10) {
		dials := newDialCounter(addrs)
		p := startProxy(t, proxy.Config{Servers: addrs, Seed: seed + 1, Pool: pool.Config{Dial: dials.dial}})
		result, err := p.Rebalance(within(t))
		if err != nil || !result.Adopted || result.Active.Addr != alive || active(t, p).Addr != alive {
			t.Fatalf("%+v, %v; active %v", result, err, active(t, p))
		}
		for _, a := range addrs {
			n := dials[a].Load()
			if n > 1 {
				t.Fatalf("%s was dialed %d times in one round", a, n)
			}
			if a != alive {
				probedDead += int(n)
			}
		}
	}
	if probedDead < 5 {
		t.Fatalf("ten rounds met %d dead servers: the test shows nothing", probedDead)
	}
}

func TestDefect13FrozenServersCostStaggersAndNotTimeouts(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 6)
	alive := c.Addrs()[5]
	for i := range 5 {
		c.Server(i).Freeze()
		defer c.Server(i).Thaw()
	}
	p := startProxy(t, proxy.Config{
		Servers: c.Addrs()[:5], ProbeStagger: 50 * time.Millisecond, Seed: 3,
	})
	if err := p.SetBackups(within(t), alive); err != nil { // a backup: asked last
		t.Fatal(err)
	}
	watch := testutil.StartStopwatch(t)
	result, err := p.Rebalance(within(t))
	if err != nil || !result.Adopted || result.Active.Addr != alive || result.Probed != 6 {
		t.Fatalf("%+v, %v", result, err)
	}
	if ran := watch.Elapsed(); result.Took < 250*time.Millisecond || ran > 5*time.Second {
		t.Errorf("the round took %v, of which %v were run, want five staggers of 50ms and no timeout", result.Took, ran)
	}
}

func TestDefect13ARoundOfFrozenServersEndsInOneProbeTimeout(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 5)
	for i := range 5 {
		c.Server(i).Freeze()
		defer c.Server(i).Thaw()
	}
	const timeout = 2 * time.Second
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), ProbeTimeout: timeout, ProbeStagger: 20 * time.Millisecond})
	before := p.View().Servers()
	watch := testutil.StartStopwatch(t)
	result, err := p.Rebalance(within(t))
	if err != nil || result.Adopted || result.Probed != 5 || result.Active != before[0] {
		t.Fatalf("%+v, %v", result, err)
	}
	if ran := watch.Elapsed(); result.Took < timeout || ran > 4*timeout {
		t.Errorf("the round took %v, of which %v were run, want one timeout of %v for all five", result.Took, ran, timeout)
	}
	shown(t, p, addrsOf(before)...)
}

func addrsOf(servers []messages.Server) (addrs []string) {
	for _, s := range servers {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

// resolver dials names whose addresses change.
type resolver struct {
	addrs atomic.Pointer[map[string]string]
	asked atomic.Int64
}

func newResolver() *resolver {
	r := new(resolver)
	r.addrs.Store(&map[string]string{})
	return r
}

func (r *resolver) point(name, addr string) {
	next := maps.Clone(*r.addrs.Load())
	next[name] = addr
	r.addrs.Store(&next)
}

func (r *resolver) dial(ctx context.Context, network, name string) (net.Conn, error) {
	r.asked.Add(1)
	addr, known := (*r.addrs.Load())[name]
	if !known {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

func TestDefect15ANameThatDoesNotResolveAtStartIsUsedOnceItDoes(t *testing.T) {
	c := startCluster(t, 2)
	names := newResolver()
	p := startProxy(t, proxy.Config{Servers: []string{"nomad-1.example"}, Pool: pool.Config{Dial: names.dial}})
	result, err := p.Rebalance(within(t))
	if err != nil || result.Adopted || p.View().Health(active(t, p)) != messages.Failed {
		t.Fatalf("%+v, %v; %s", result, err, picture(p.View()))
	}
	ctx := within(t)
	var got testutil.EchoCount
	var called sync.WaitGroup
	called.Go(func() { err = p.Call(ctx, "Echo.Count", counted{"a"}, &got) })
	from := names.asked.Load()
	eventually(t, "two vain attempts", func() bool { return names.asked.Load() >= from+2 })
	names.point("nomad-1.example:4647", c.Addrs()[0])
	called.Wait()
	if err != nil || got.Server != c.Addrs()[0] || got.Count != 1 {
		t.Fatalf("%+v, %v", got, err)
	}

	// Its address changes: the name is followed.
	names.point("nomad-1.example:4647", c.Addrs()[1])
	c.Kill(0)
	err = p.Call(within(t), "Echo.Count", counted{"b"}, &got, proxy.WithClass(proxy.Idempotent))
	if err != nil || got.Server != c.Addrs()[1] {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestDefect15ARealNameIsResolvedWhenItIsDialed(t *testing.T) {
	c := startCluster(t, 1)
	_, port, err := net.SplitHostPort(c.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	p := startProxy(t, proxy.Config{Servers: []string{"LocalHost:" + port}})
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got); err != nil || got.Server != c.Addrs()[0] {
		t.Fatalf("%+v, %v", got, err)
	}
	if s := active(t, p); s.Name != "LocalHost:"+port || s.Addr != "localhost:"+port {
		t.Errorf("the server is %+v, want the name kept as a name", s)
	}
}

func TestDefect16AnApplicationErrorDoesNotRotateAHealthyServer(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front, view := active(t, p), p.View()
	c.ServerAt(front.Addr).Inject(testutil.AppError("Echo.Count", testutil.ErrTextPermissionDenied))
	for range 10 {
		err := p.Call(within(t), "Echo.Count", counted{"a"}, nil, proxy.WithClass(proxy.Read))
		call, ok := errors.AsType[*proxy.CallError](err)
		if !ok || !errors.Is(err, pool.ErrPermissionDenied) || call.Attempts != 1 || call.Server != front.Addr {
			t.Fatalf("%v", err)
		}
	}
	if p.View() != view {
		t.Errorf("the view was %s\nand is %s", picture(view), picture(p.View()))
	}
	if n := c.ServerAt(front.Addr).Counts().Methods["Echo.Count"]; n != 10 {
		t.Errorf("ten calls made %d requests", n)
	}
}

func TestDefect17AHundredProxiesDoNotShareOneOrder(t *testing.T) {
	servers := []string{"a", "b", "c", "d", "e"}
	orders, fronts := map[string]int{}, map[string]int{}
	for range 100 {
		p, err := proxy.Start(proxy.Config{Servers: servers, Pinger: pinging(upPinger)}) // no Seed
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Rebalance(within(t)); err != nil {
			t.Fatal(err)
		}
		orders[strings.Join(p.ServerRPCAddrs(), " ")]++
		fronts[active(t, p).Addr]++
		stop(t, p.Stop)
	}
	if len(orders) < 30 { // of 120; 68 is what chance gives
		t.Errorf("a hundred proxies have %d orders: %v", len(orders), orders)
	}
	for front, n := range fronts {
		if n > 50 { // 20 is what chance gives
			t.Errorf("%d of a hundred proxies chose %s", n, front)
		}
	}
}

func TestDefect18TheDiscovererIsAskedAndItsServersAreUsed(t *testing.T) {
	c := startCluster(t, 2)
	var runs atomic.Int64
	p := startProxy(t, proxy.Config{Discoverer: discovering(func(context.Context) ([]string, error) {
		runs.Add(1)
		return []string{c.Addrs()[1], "bad address", c.Addrs()[0]}, nil
	})})
	var got testutil.EchoCount
	if err := p.Call(within(t), "Echo.Count", counted{"a"}, &got); err != nil || got.Count != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	shown(t, p, c.Addrs()[1], c.Addrs()[0])
	if runs.Load() != 1 {
		t.Errorf("discovery ran %d times", runs.Load())
	}
	if got := fmt.Sprint(roles(p.View(), messages.Backup)); got != "[]" {
		t.Errorf("found without any other server they are backups: %s", got)
	}
}
