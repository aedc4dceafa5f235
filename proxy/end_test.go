package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// fuse panics at the first line with "kaboom" in it: a fault of the owner.
func fuse() func(string) {
	burnt := false // of the owner
	return func(text string) {
		if strings.Contains(text, "kaboom") && !burnt {
			burnt = true
			panic("kaboom")
		}
	}
}

func TestDoneAndErrTellOfAStop(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	select {
	case <-p.Done():
		t.Fatal("done while it runs")
	default:
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	stop(t, p.Stop)
	<-p.Done()
	if err := p.Err(); !errors.Is(err, proxy.ErrStopped) {
		t.Fatal(err)
	}
}

// faulty is a proxy over a pool of its own, or over an embedder's, and what makes it
// fail of itself.
func faulty(t *testing.T, log lines, own bool) (p *proxy.Proxy, fault func()) {
	cfg := proxy.Config{Servers: []string{"a", "b"}, Logger: zerolog.New(log)}
	if own {
		c := startCluster(t, 1)
		cfg.Servers = c.Addrs()
		p = startProxy(t, proxy.Hooked(cfg, poolhooks.Hooks{Down: func(string, error) { panic("kaboom") }}))
		return p, func() {
			c.Server(0).Kill()
			_, _ = p.Ping(within(t), c.Addrs()[0])
		}
	}
	cfg.Pinger = embedded{
		func(ctx context.Context, _ string) (time.Duration, error) { <-ctx.Done(); return 0, ctx.Err() },
		func(_ context.Context, addr, method string) error { return refusing(addr, method) },
	}
	cfg.ProbeTimeout, cfg.RetryTimeout = far, far
	p = startProxy(t, proxy.WithLines(cfg, fuse()))
	return p, func() {
		// A warning quotes what no caller waits for.
		if err := p.Send(within(t), messages.AddBackup{Addrs: []string{"kaboom!"}}); err != nil {
			t.Error(err)
		}
	}
}

func TestAFaultOfAnOwnerIsSeenAtOnceByEveryReader(t *testing.T) {
	for name, own := range map[string]bool{"the list's owner": false, "the connections' owner": true} {
		t.Run(name, func(t *testing.T) {
			log := make(lines, 10_000)
			p, fail := faulty(t, log, own)
			round := actor.NewReply[messages.RebalanceResult]()
			if !own {
				if err := p.Send(within(t), messages.RebalanceTick{Reply: round}); err != nil {
					t.Fatal(err)
				}
			}
			ended := make(chan error, 20)
			ctx := within(t)
			if !own { // they are between two attempts, all of which fail
				for range 10 {
					go func() { ended <- p.Call(ctx, "M.M", nil, nil) }()
				}
			}
			go func() {
				for range p.Watch(ctx) {
				}
				ended <- p.Err()
			}()
			before := p.View().Len()
			fail()
			receive(t, "the end", p.Done())
			fault := p.Err()
			cause, ok := errors.AsType[*actor.PanicError](fault)
			if !ok || cause.Value != "kaboom" && !strings.Contains(cause.Error(), "kaboom") {
				t.Fatalf("%v", fault)
			}
			waiting := 1
			if !own {
				waiting += 10
				if result := receive(t, "the end of the round", round.Chan()); !errors.Is(result.Err, fault) {
					t.Errorf("the caller that waited for the round got %+v", result)
				}
			}
			for range waiting {
				if err := receive(t, "a waiting caller", ended); !errors.Is(err, fault) {
					t.Errorf("the waiting caller got %v", err)
				}
			}
			_, found := p.FindServer()
			_, streamed := p.Stream(ctx, "M.M")
			for what, err := range map[string]error{
				"FindServer": found, "Call": p.Call(ctx, "M.M", nil, nil), "Stream": streamed,
				"Ping": second(p.Ping(ctx, "a")), "Heartbeat": p.Heartbeat(ctx, messages.HeartbeatUpdate{}),
				"SetServers": p.SetServers(ctx, "a"), "Rebalance": second(p.Rebalance(ctx)), "Send": p.Send(ctx, messages.RebalanceTick{}),
			} {
				if what == "Stream" && !own && errors.Is(err, proxy.ErrNoCaller) {
					continue // it has none, whatever else
				}
				if !errors.Is(err, fault) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if _, some := p.View().Active(); some || p.View().Len() != before {
				t.Errorf("the view is %s", picture(p.View()))
			}
			stop(t, p.Stop)
			if !errors.Is(p.Err(), fault) {
				t.Errorf("after Stop the fault is %v", p.Err())
			}
			checkFaultLogged(t, log)
		})
	}
}

// receive waits for what comes from ch, or for its end.
func receive[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(limit):
		t.Fatalf("%s: not within %v", what, limit)
	}
	return v
}

// checkFaultLogged wants one line at error level, with the cause and where it was.
func checkFaultLogged(t *testing.T, log lines) {
	t.Helper()
	close(log)
	n := 0
	for text := range log {
		var line struct{ Level, Error, Stack string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Level != "error" {
			continue
		}
		n++
		if !strings.Contains(line.Error, "kaboom") || !strings.Contains(line.Stack, "_test.go:") {
			t.Errorf("%s", text)
		}
	}
	if n != 1 {
		t.Errorf("%d lines at error level, want one", n)
	}
}

func TestAPoolTellsOfItsEnd(t *testing.T) {
	p, err := pool.New(pool.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Err() != nil {
		t.Error(p.Err())
	}
	stop(t, p.Stop)
	<-p.Done()
	if !errors.Is(p.Err(), pool.ErrStopped) {
		t.Error(p.Err())
	}
}
