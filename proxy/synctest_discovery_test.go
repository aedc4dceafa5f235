package proxy_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// carrying is somebody else's pool on which every call succeeds.
func carrying() embedded {
	return embedded{upPinger, func(context.Context, string, string) error { return nil }}
}

func TestDiscoveryRunsAtOnceThenAFewTimesSoonThenEveryQuarterOfAMinuteAndThenMoreRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		runs := make(chan time.Duration, 1000)
		p := startProxy(t, proxy.Config{Pinger: carrying(), Discoverer: discovering(func(context.Context) ([]string, error) {
			runs <- time.Since(began)
			return nil, errDown
		})})
		time.Sleep(time.Hour)
		if first := <-runs; first != 0 {
			t.Errorf("the first run was after %v", first)
		}
		last := time.Duration(0)
		for n := 0; len(runs) > 0; n++ {
			least := max(15*time.Second, min(last/8, 5*time.Minute)) // of the time for which nothing was found
			most := least + least/4
			if n < 3 {
				least = time.Second << n
				most = least + least/2
			}
			at := <-runs
			if gap := at - last; gap < least || gap >= most {
				t.Errorf("a run came after %v, want %v to %v", gap, least, most)
			}
			last = at
		}
		if last < 53*time.Minute {
			t.Errorf("the last run was after %v", last)
		}
		stop(t, p.Stop)
	})
}

func TestADiscoveryRunEndsWithItsTimeoutAndNoneBeginsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type span struct{ begun, end time.Duration }
		began := time.Now()
		runs := make(chan span, 1000)
		p := startProxy(t, proxy.Config{
			Pinger: carrying(), DiscoverInterval: time.Second, DiscoverTimeout: 20 * time.Second,
			Discoverer: discovering(func(ctx context.Context) ([]string, error) {
				begun := time.Since(began)
				<-ctx.Done()
				runs <- span{begun, time.Since(began)}
				return nil, ctx.Err()
			}),
		})
		time.Sleep(10 * time.Minute)
		last := time.Duration(-1)
		for len(runs) > 0 {
			run := <-runs
			if run.end-run.begun != 20*time.Second {
				t.Errorf("a run lasted %v, want 20s", run.end-run.begun)
			}
			if run.begun < last {
				t.Errorf("a run began at %v, while another one went on until %v", run.begun, last)
			}
			last = run.end
		}
		stop(t, p.Stop)
	})
}

func TestAServerThatIsFoundWakesTheCallersThatWaitForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		found := make(chan time.Duration, 1)
		runs := 0
		p := startProxy(t, proxy.Config{Pinger: carrying(), Discoverer: discovering(func(context.Context) ([]string, error) {
			if runs++; runs < 2 {
				return nil, errDown
			}
			found <- time.Since(began)
			return []string{"a"}, nil
		})})
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if err := p.Call(context.Background(), "M.M", nil, nil); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took < time.Second || took > 1500*time.Millisecond {
					t.Errorf("the caller was served after %v", took)
				}
			})
		}
		callers.Wait()
		if took, at := time.Since(began), <-found; took != at {
			t.Errorf("served after %v, found after %v", took, at)
		}
		stop(t, p.Stop)
	})
}

func TestAVainWaitForAServerEndsExactlyInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startProxy(t, proxy.Config{Pinger: carrying(), Discoverer: discovering(func(context.Context) ([]string, error) {
			return nil, errDown
		})})
		began := time.Now()
		err := p.Call(context.Background(), "M.M", nil, nil)
		if took := time.Since(began); !errors.Is(err, proxy.ErrNoServers) || took != 30*time.Second {
			t.Errorf("%v after %v, want ErrNoServers after 30s", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		began = time.Now()
		err = p.Call(ctx, "M.M", nil, nil)
		if took := time.Since(began); !errors.Is(err, proxy.ErrNoServers) || !errors.Is(err, context.DeadlineExceeded) || took != 7*time.Second {
			t.Errorf("%v after %v, want ErrNoServers and that the time was over after 7s", err, took)
		}
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		if err = p.Call(ctx, "M.M", nil, nil); !errors.Is(err, proxy.ErrNoServers) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want both ErrNoServers and that the caller left", err)
		}
		stop(t, p.Stop)
	})
}

func TestWithoutADiscovererNoCallWaitsForAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: carrying()})
		if was, err := p.Remove(t.Context(), active(t, p)); !was || err != nil {
			t.Fatal(was, err)
		}
		began := time.Now()
		err := p.Call(t.Context(), "M.M", nil, nil)
		call, ok := errors.AsType[*proxy.CallError](err)
		if !ok || !errors.Is(err, proxy.ErrNoServers) || call.Server != "" || time.Since(began) != 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		stop(t, p.Stop)
	})
}

func TestWhileHealthyNothingIsDiscovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: carrying(), Discoverer: discovering(func(context.Context) ([]string, error) {
			t.Error("discovery was asked")
			return nil, errDown
		})})
		for range 125 { // an hour
			u := messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), LeaderRPCAddr: "a", TTL: 10 * time.Second}
			if err := p.Heartbeat(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			time.Sleep(29 * time.Second) // not yet three lifetimes
		}
		stop(t, p.Stop)
	})
}

func TestAnOrphanAsksAndGetsTheConfiguredServersBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		runs := make(chan time.Duration, 1000)
		p := startProxy(t, proxy.Config{Servers: names(2), Pinger: carrying(), Discoverer: discovering(func(context.Context) ([]string, error) {
			runs <- time.Since(began)
			return []string{"found"}, nil
		})})
		u := messages.HeartbeatUpdate{Servers: infos("c"), LeaderRPCAddr: "c", TTL: 10 * time.Second, From: server(t, "c")}
		if err := p.Heartbeat(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		shown(t, p, "c:4647")
		time.Sleep(34 * time.Second)
		if at := <-runs; at < 30*time.Second || at >= 33*time.Second {
			t.Errorf("discovery was asked after %v, want three lifetimes, 30s, and up to 3s of chance", at)
		}
		synctest.Wait()
		for _, want := range []string{"a", "b", "c", "found"} {
			if !slices.Contains(roles(p.View(), messages.Primary), want+":4647") {
				t.Errorf("%s is no primary: %s", want, picture(p.View()))
			}
		}
		stop(t, p.Stop)
	})
}

func TestTheLackOfServersIsLoggedOnceAndNotByEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := make(lines, 10_000)
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: carrying(), Logger: zerolog.New(log)})
		if was, err := p.Remove(t.Context(), active(t, p)); !was || err != nil {
			t.Fatal(was, err)
		}
		lack := func(times int) {
			var readers sync.WaitGroup
			for range 10 {
				readers.Go(func() {
					for range times {
						if s, err := p.FindServer(); err != proxy.ErrNoServers || s != (messages.Server{}) {
							t.Errorf("%v, %v", s, err)
						}
						if err := p.Call(t.Context(), "M.M", nil, nil); !errors.Is(err, proxy.ErrNoServers) {
							t.Error(err)
						}
					}
				})
			}
			readers.Wait()
		}
		lack(100)
		if n := log.with(p, "no servers known"); n != 1 {
			t.Errorf("2000 vain attempts gave %d lines, want one", n)
		}
		time.Sleep(30*time.Second - 1)
		if lack(10); log.with(p, "no servers known") != 0 {
			t.Error("repeated within half a minute")
		}
		time.Sleep(time.Nanosecond)
		if lack(10); log.with(p, "no servers known") != 1 {
			t.Error("not repeated after half a minute")
		}
		stop(t, p.Stop)
	})
}

func TestDiscoveryStopsWhenCallsAreAnsweredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		var runs atomic.Int64
		down.Store(true)
		p := startProxy(t, proxy.Config{
			Servers: names(3),
			Discoverer: discovering(func(context.Context) ([]string, error) {
				runs.Add(1)
				return nil, errDown
			}),
			Pinger: embedded{func(context.Context, string) (time.Duration, error) {
				if down.Load() {
					return 0, errDown
				}
				return time.Millisecond, nil
			}, func(context.Context, string, string) error { return nil }},
		})
		if result, err := p.Rebalance(t.Context()); err != nil || result.Adopted {
			t.Fatalf("%+v, %v", result, err)
		}
		time.Sleep(time.Minute)
		if n := runs.Load(); n < 3 {
			t.Errorf("%d runs in a minute without a server", n)
		}
		down.Store(false)
		before := runs.Load()
		for range 60 {
			if err := p.Call(t.Context(), "Job.List", nil, nil); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := runs.Load() - before; n > 0 {
			t.Errorf("%d runs in a minute of answered calls", n)
		}
		stop(t, p.Stop)
	})
}
