package proxy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Neither a server nor a way to find one: callers wait until somebody tells of one.
func TestAnAgentWithoutAServerWaitsUntilOneIsAdded(t *testing.T) {
	for name, tell := range map[string]func(context.Context, *proxy.Proxy) error{
		"SetServers": func(ctx context.Context, p *proxy.Proxy) error { return p.SetServers(ctx, "a", "b") },
		"AddPrimary": func(ctx context.Context, p *proxy.Proxy) error { return second(p.AddPrimary(ctx, "a")) },
		"AddBackup":  func(ctx context.Context, p *proxy.Proxy) error { return p.AddBackup(ctx, "a") },
		"SetBackups": func(ctx context.Context, p *proxy.Proxy) error { return p.SetBackups(ctx, "a") },
		"a heartbeat": func(ctx context.Context, p *proxy.Proxy) error {
			return p.Heartbeat(ctx, messages.HeartbeatUpdate{Servers: infos("a"), LeaderRPCAddr: "a", TTL: time.Minute})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := make(lines, 1000)
				p := startProxy(t, proxy.Config{Pinger: carrying(), Logger: zerolog.New(log)})
				began := time.Now()
				served := make(chan time.Duration, 50)
				for range cap(served) {
					go func() {
						if err := p.Call(t.Context(), "M.M", nil, nil); err != nil {
							t.Error(err)
						}
						served <- time.Since(began)
					}()
				}
				time.Sleep(20 * time.Second)
				synctest.Wait()
				if len(served) != 0 {
					t.Fatalf("%d calls have ended without a server", len(served))
				}
				if _, err := p.FindServer(); !errors.Is(err, proxy.ErrNoServers) {
					t.Error(err)
				}
				if err := tell(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				for range cap(served) {
					if took := <-served; took != 20*time.Second {
						t.Errorf("a call was served after %v, want the moment that a server is known", took)
					}
				}
				if n := log.with(p, `"level":"warn"`); n != 1 {
					t.Errorf("%d warnings, want one", n)
				}
				stop(t, p.Stop)
			})
		})
	}
}

func TestAnAgentThatNeverGetsAServerWarnsOnceAndItsCallsEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := make(lines, 1000)
		p := startProxy(t, proxy.Config{Pinger: carrying(), RetryTimeout: 12 * time.Second, Logger: zerolog.New(log)})
		began := time.Now()
		err := p.Call(context.Background(), "M.M", nil, nil)
		if took := time.Since(began); !errors.Is(err, proxy.ErrNoServers) || took != 12*time.Second {
			t.Errorf("%v after %v, want ErrNoServers after RetryTimeout", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		began = time.Now()
		err = p.Call(ctx, "M.M", nil, nil)
		if took := time.Since(began); !errors.Is(err, proxy.ErrNoServers) || !errors.Is(err, context.DeadlineExceeded) || took != 40*time.Second {
			t.Errorf("%v after %v, want ErrNoServers and that the time was over after 40s", err, took)
		}
		for range 100 {
			_, _ = p.FindServer()
			time.Sleep(time.Minute)
		}
		if n := log.with(p, "SetServers"); n != 1 {
			t.Errorf("%d lines say what to do, want one", n)
		}

		// Once there was a server, the lack of one is reported as ever.
		if err := p.SetServers(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Remove(t.Context(), server(t, "a")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, _ = p.FindServer()
		}
		if n := log.with(p, "no servers known"); n != 1 {
			t.Errorf("%d lines tell that there is no server any more, want one", n)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- p.Call(context.Background(), "M.M", nil, nil) }()
		synctest.Wait()
		stop(t, p.Stop)
		checkStopped(t, <-stopped)
	})
}

// A blocking query that is blocked for long again and again is one call of many
// episodes: the error counts the attempts of the last.
func TestTheAttemptsOfAQueryAreCountedSinceItWasLastBlockedLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const held, deadline = time.Minute, 3 * time.Hour
		seen := 0
		p := startProxy(t, proxy.Config{Servers: names(3), Rebalance: calm, Pinger: embedded{upPinger, func(ctx context.Context, addr, method string) error {
			seen++
			if seen%4 == 0 { // every fourth attempt is blocked, and fails; the next three fail at once
				select {
				case <-time.After(held):
				case <-ctx.Done():
				}
				return answered(addr, method, pool.ErrLeaderUnreachable, pool.MaybeExecuted)
			}
			return refusing(addr, method)
		}}})
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		err := p.Call(ctx, "M.M", nil, nil, proxy.WithClass(proxy.Read), proxy.WithBlockTime(far))
		call, ok := errors.AsType[*proxy.CallError](err)
		if !ok || call.Attempts < 1 || call.Attempts > 5 || seen < 100 {
			t.Errorf("%v: %d attempts were made in all", err, seen)
		}
		stop(t, p.Stop)
	})
}
