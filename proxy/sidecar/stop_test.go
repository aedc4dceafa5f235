package sidecar_test

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// gate is a method whose calls wait until it is opened.
type gate struct{ came, open chan struct{} }

func newGate(s *testutil.Server, method string) gate {
	g := gate{make(chan struct{}, 16), make(chan struct{})}
	s.Handle(method, func(ctx context.Context, _ *testutil.Request) (any, error) {
		g.came <- struct{}{}
		select {
		case <-g.open:
			return "done", nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return g
}

// stopping stops a sidecar in a goroutine of its own.
func stopping(ctx context.Context, s *sidecar.Sidecar) <-chan error {
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(ctx) }()
	return stopped
}

// blockFor sends a blocking query, and waits until a server has it.
func blockFor(t testing.TB, c *testutil.Cluster, a *plainclient.Session) <-chan error {
	t.Helper()
	g := newGate(c.Server(0), "Test.Query")
	failed := make(chan error, 1)
	go func() {
		failed <- a.Call("Test.Query", map[string]any{"MinQueryIndex": 7, "MaxQueryTime": int64(5 * time.Minute)}, nil)
	}()
	<-g.came
	return failed
}

func TestStopLetsCallsEndAndNotBlockingQueries(t *testing.T) {
	c := newCluster(t, 1)
	g := newGate(c.Server(0), "Test.Wait")
	s := newSidecar(t, sidecar.Config{DrainTimeout: time.Hour}, c.Addrs()...)
	a := newAgent(t, s)
	query := blockFor(t, c, a)
	type result struct {
		reply string
		err   error
	}
	called := make(chan result, 1)
	go func() {
		var r result
		r.err = a.Call("Test.Wait", struct{}{}, &r.reply)
		called <- r
	}()
	<-g.came
	stopped := stopping(context.Background(), s)
	awaitThat(t, func() bool { // the agent is told
		st, err := a.OpenStream()
		if err == nil {
			_ = st.Close()
		}
		return err != nil
	})
	if conn, err := net.Dial("tcp", addr(s)); err == nil {
		expectClosed(t, conn)
	}
	select {
	case err := <-stopped:
		t.Errorf("Stop has not waited for a call: %v", err)
	default:
	}
	close(g.open)
	if r := <-called; r.err != nil || r.reply != "done" {
		t.Errorf("the call: %q, %v", r.reply, r.err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Stop: %v", err)
	}
	if err := <-query; err == nil {
		t.Error("the blocking query was answered")
	}
	if err := s.Err(); !errors.Is(err, sidecar.ErrStopped) {
		t.Errorf("Err: %v", err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Errorf("the second Stop: %v", err)
	}
}

func TestStopCutsWhatDoesNotEnd(t *testing.T) {
	c := newCluster(t, 1)
	g := newGate(c.Server(0), "Test.Wait")
	for name, cfg := range map[string]sidecar.Config{
		"the drain is over": {DrainTimeout: time.Millisecond}, "the context is": {DrainTimeout: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSidecar(t, cfg, c.Addrs()...)
			a := newAgent(t, s)
			called := make(chan error, 1)
			go func() { called <- a.Call("Test.Wait", struct{}{}, nil) }()
			<-g.came
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			stopped := stopping(ctx, s)
			if cfg.DrainTimeout == time.Hour {
				cancel()
				if err := <-stopped; err != nil && (!errors.Is(err, context.Canceled) || err.Error() != context.Canceled.Error()) {
					t.Errorf("Stop: %q", err)
				}
			} else if err := <-stopped; err != nil {
				t.Errorf("Stop: %v", err)
			}
			if err := <-called; err == nil {
				t.Error("the call was answered")
			}
		})
	}
}

// A server may have a call of an agent that has left, and be about to answer it.
func TestCallsOfAnAgentThatHasLeftEndAndSoDoItsConnections(t *testing.T) {
	c := newCluster(t, 1)
	g := newGate(c.Server(0), "Test.Wait")
	s := newSidecar(t, sidecar.Config{DrainTimeout: time.Hour}, c.Addrs()...)
	a := newAgent(t, s)
	blockFor(t, c, a)
	go func() { _ = a.Call("Test.Wait", struct{}{}, nil) }()
	<-g.came
	open := c.Server(0).Counts().Open
	_ = a.Close()
	awaitCall(t, newAgent(t, s))
	if s.Stats().Tenants != 2 {
		t.Error("the agent's connection to its server has ended before its call")
	}
	close(g.open)
	awaitThat(t, func() bool { return s.Stats().Tenants == 1 && c.Server(0).Counts().Open <= open })
}

func TestWhatStartRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	free := func() sidecar.Config { return sidecar.Config{Listen: []string{"127.0.0.1:0"}} }
	for _, refused := range []struct {
		field  string
		change func(*sidecar.Config)
	}{
		{"Listen", func(c *sidecar.Config) { c.Listen = nil }},
		{"DrainTimeout", func(c *sidecar.Config) { c.DrainTimeout = -1 }},
		{"MaxConns", func(c *sidecar.Config) { c.MaxConns = 1 << 20 }},
		{"Advertise", func(c *sidecar.Config) { c.Advertise = "nowhere" }},
		{"Proxy", func(c *sidecar.Config) { c.Proxy.Pinger = new(pool.Pool) }},
		{"Proxy", func(c *sidecar.Config) { c.Proxy.Pool.Handlers.RPC = rpc.NewServer() }},
		{"AdmitLogs", func(c *sidecar.Config) { c.AdmitLogs = true }},
	} {
		cfg := free()
		refused.change(&cfg)
		s, err := sidecar.Start(cfg)
		if s != nil {
			noError(t, s.Stop(t.Context()))
		}
		var bad *sidecar.ConfigError
		if s != nil || !errors.As(err, &bad) || bad.Field != refused.field {
			t.Errorf("%s: %v", refused.field, err)
		}
	}
	cfg := free()
	cfg.Listen = []string{l.Addr().String()}
	var bad *sidecar.ConfigError
	if _, err := sidecar.Start(cfg); !errors.As(err, &bad) || bad.Field != "Listen" {
		t.Errorf("an address in use: %v", err)
	}
	cfg = sidecar.Config{Listeners: []net.Listener{l}, Proxy: proxy.Config{Servers: []string{":"}}}
	if _, err := sidecar.Start(cfg); err == nil {
		t.Error("a bad server is taken")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener that was given is open: %v", err)
	}
}

func TestAListenerThatIsGivenIsServed(t *testing.T) {
	c := newCluster(t, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	s := newSidecar(t, sidecar.Config{Listeners: []net.Listener{l}}, c.Addrs()...)
	awaitCall(t, newAgent(t, s))
}
