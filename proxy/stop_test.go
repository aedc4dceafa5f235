package proxy_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// sleepArgs is the argument of Echo.Sleep.
type sleepArgs struct{ Duration time.Duration }

func TestAStoppedProxyAnswersErrStopped(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	carried := active(t, p)
	view := awaitView(t, p, "it is known that the server answers", func(v *messages.View) bool { return v.Health(carried) == messages.Alive })
	stop(t, p.Stop)
	front, err := p.FindServer()
	if err != nil || p.View() != view {
		t.Errorf("the last view stays readable: %v, %v", front, err)
	}
	for what, err := range map[string]error{
		"Call":           p.Call(within(t), "Status.Ping", struct{}{}, nil),
		"Heartbeat":      p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos("a")}),
		"NotifyFailed":   p.NotifyFailed(within(t), front, errDown),
		"SetServers":     p.SetServers(within(t), "x"),
		"SetBackups":     p.SetBackups(within(t), "x"),
		"AddBackup":      p.AddBackup(within(t), "x"),
		"Ping":           second(p.Ping(within(t), front.Addr)),
		"Err":            p.Err(),
		"AddPrimary":     second(p.AddPrimary(within(t), "x")),
		"Remove":         second(p.Remove(within(t), front)),
		"Rebalance":      second(p.Rebalance(within(t))),
		"Send":           p.Send(within(t), messages.RebalanceTick{}),
		"Call, bad addr": p.Call(within(t), "", nil, nil),
	} {
		if !errors.Is(err, proxy.ErrStopped) {
			t.Errorf("%s after Stop: %v", what, err)
		}
	}
}

func TestACallAfterStopIsRefusedOverAnEmbeddersCallerToo(t *testing.T) {
	calls := 0
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: embedded{
		pinging: upPinger,
		call:    func(context.Context, string, string) error { calls++; return nil },
	}})
	if err := p.Call(within(t), "M.M", nil, nil); err != nil || calls != 1 {
		t.Fatalf("%v, %d calls", err, calls)
	}
	stop(t, p.Stop)
	if err := p.Call(within(t), "M.M", nil, nil); !errors.Is(err, proxy.ErrStopped) || calls != 1 {
		t.Errorf("a stopped proxy answered %v and carried %d calls", err, calls-1)
	}
}

func TestStopFailsTheCallsInFlight(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	const n = 30
	errs := make(chan error, n)
	ctx := within(t)
	for i := range n {
		class := []proxy.Class{proxy.AtMostOnce, proxy.Idempotent, proxy.Read}[i%3]
		go func() {
			errs <- p.Call(ctx, "Echo.Sleep", sleepArgs{time.Hour}, nil, proxy.WithClass(class))
		}()
	}
	s := c.ServerAt(active(t, p).Addr)
	eventually(t, "calls in flight", func() bool { return s.Counts().Methods["Echo.Sleep"] == n })
	stop(t, p.Stop)
	for range n {
		err := <-errs
		if call, ok := errors.AsType[*proxy.CallError](err); !ok || !errors.Is(err, proxy.ErrStopped) || call.Attempts != 1 {
			t.Errorf("%v", err)
		}
	}
	if requests := s.Counts().Methods["Echo.Sleep"]; requests != n {
		t.Errorf("%d requests for %d calls", requests, n)
	}
}

// checkStopped wants the error of a call that a stop has ended.
func checkStopped(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*proxy.CallError](err); !ok || !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("%v is not that of a stopped proxy", err)
	}
}

func TestStopMayComeManyTimesAtOnce(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { stop(t, p.Stop) })
	}
	all.Wait()
	stop(t, p.Stop)
}

func TestStopEndsARoundUnderWay(t *testing.T) {
	c := startCluster(t, 3)
	for i := range 3 {
		c.Server(i).Freeze()
		defer c.Server(i).Thaw()
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), ProbeTimeout: time.Hour})
	ended := make(chan error, 1)
	ctx := within(t)
	go func() { ended <- second(p.Rebalance(ctx)) }()
	eventually(t, "a probe", func() bool {
		return c.Server(0).Counts().Accepted+c.Server(1).Counts().Accepted+c.Server(2).Counts().Accepted > 0
	})
	stop(t, p.Stop)
	if err := <-ended; !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("the round ended with %v", err)
	}
}

func TestStopEndsAWaitForTheFirstServer(t *testing.T) {
	asked := make(chan struct{}, 1)
	p := startProxy(t, proxy.Config{Discoverer: discovering(func(ctx context.Context) ([]string, error) {
		asked <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})})
	ended := make(chan error, 1)
	ctx := within(t)
	go func() { ended <- p.Call(ctx, "Status.Ping", struct{}{}, nil) }()
	<-asked
	stop(t, p.Stop)
	checkStopped(t, <-ended)
}

func TestStopThatRunsOutOfTimeCanBeRepeated(t *testing.T) {
	asked, dialed, leave := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	p := startProxy(t, proxy.Config{
		Discoverer: discovering(func(context.Context) ([]string, error) {
			asked <- struct{}{}
			<-leave // it does not heed its context
			return nil, errDown
		}),
		Pool: pool.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
			dialed <- struct{}{}
			<-leave // nor does this
			return nil, errDown
		}},
	})
	<-asked
	pinged := make(chan error, 1)
	go func() { pinged <- second(p.Ping(context.WithoutCancel(t.Context()), "10.0.0.1")) }()
	<-dialed
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || err.Error() != context.DeadlineExceeded.Error() {
		t.Errorf("stopped with %q while a Discoverer and a dial run", err)
	}
	close(leave)
	if err := <-pinged; !errors.Is(err, proxy.ErrStopped) {
		t.Errorf("the ping ended with %v", err)
	}
	stop(t, p.Stop)
}
