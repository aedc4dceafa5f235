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

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// refusing is the error of a dial that was not answered.
func refusing(addr, method string) error {
	return &pool.CallError{Method: method, Server: addr, Phase: pool.PhaseDial, Outcome: pool.NotSent, Err: errDown}
}

// attempts starts a proxy over servers on which every call fails at once, and
// tells when the attempts of one call were, and what it ended with.
func attempts(t *testing.T, cfg proxy.Config, class proxy.Class) (at []time.Duration, took time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		made := make(chan time.Duration, 10_000)
		cfg.Pinger = embedded{upPinger, func(_ context.Context, addr, method string) error {
			made <- time.Since(began)
			return refusing(addr, method)
		}}
		p := startProxy(t, cfg)
		err = p.Call(context.Background(), "M.M", nil, nil, options(class)...)
		took = time.Since(began)
		for len(made) > 0 {
			at = append(at, <-made)
		}
		stop(t, p.Stop)
	})
	return at, took, err
}

func TestPausesAreDrawnBelowACeilingThatDoubles(t *testing.T) {
	var low, high, all int
	for range 10 {
		at, _, _ := attempts(t, proxy.Config{Servers: []string{"a"}}, proxy.AtMostOnce)
		for i := range len(at) - 1 {
			pause, ceiling := at[i+1]-at[i], min(50*time.Millisecond<<min(i, 10), 2*time.Second)
			if pause <= 0 || pause > ceiling+time.Millisecond {
				t.Fatalf("pause %d was %v, want more than nothing and at most %v", i, pause, ceiling)
			}
			all++
			if pause < ceiling/4 {
				low++
			}
			if pause > 3*ceiling/4 {
				high++
			}
		}
	}
	// A quarter each is what chance gives.
	if all < 200 || low < all/10 || high < all/10 {
		t.Errorf("of %d pauses %d were in the lowest and %d in the highest quarter", all, low, high)
	}
}

func TestAHealthyServerIsTriedWithoutAPause(t *testing.T) {
	at, _, _ := attempts(t, proxy.Config{Servers: names(4)}, proxy.AtMostOnce)
	if len(at) < 5 || at[3] != 0 || at[4] == 0 {
		t.Errorf("the attempts were at %v, want four at once and a pause", at[:min(len(at), 6)])
	}
}

func TestRetriesEndWithRetryTimeout(t *testing.T) {
	for limit, cfg := range map[time.Duration]proxy.Config{
		30 * time.Second: {Servers: []string{"a"}},
		3 * time.Second:  {Servers: names(2), RetryTimeout: 3 * time.Second},
	} {
		at, took, err := attempts(t, cfg, proxy.AtMostOnce)
		call, ok := errors.AsType[*proxy.CallError](err)
		if !ok || !errors.Is(err, proxy.ErrRetriesSpent) || !errors.Is(err, errDown) || call.Attempts != len(at) || call.Outcome != pool.NotSent {
			t.Errorf("%v after %d attempts", err, len(at))
		}
		// It ends early rather than late: when no pause is short enough.
		if took > limit || took < limit-10*time.Millisecond {
			t.Errorf("ended after %v, want up to 10ms before %v", took, limit)
		}
	}
}

func TestACallWithADeadlineIsTriedUntilThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: embedded{upPinger, func(ctx context.Context, addr, method string) error {
			if time.Since(began) < 100*time.Second { // beyond RetryTimeout
				return refusing(addr, method)
			}
			<-ctx.Done()
			return ctx.Err()
		}}})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Second)
		defer cancel()
		err := p.Call(ctx, "M.M", nil, nil)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 200*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		stop(t, p.Stop)
	})
}

func TestACallerInAHurryTakesNoServerAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: embedded{upPinger, func(ctx context.Context, _, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}}})
		before := p.View()
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			if err := p.Call(ctx, "M.M", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
		}
		synctest.Wait()
		if p.View() != before {
			t.Errorf("the view was %s\nand is %s", picture(before), picture(p.View()))
		}
		stop(t, p.Stop)
	})
}

func TestCallersThatFailTogetherRotateOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var front atomic.Pointer[string]
		var onFront, onOthers atomic.Int64
		p := startProxy(t, proxy.Config{Servers: names(5), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			if addr != *front.Load() {
				onOthers.Add(1)
				return nil
			}
			onFront.Add(1)
			time.Sleep(time.Second) // all of them wait, and then fail at once
			return refusing(addr, method)
		}}})
		addr, before := active(t, p).Addr, p.View()
		front.Store(&addr)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if err := p.Call(t.Context(), "M.M", nil, nil); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		synctest.Wait() // no caller waits for the report that a server answers
		// One epoch is the rotation's, one reports that the next server answers.
		rotated := append(slices.Clone(before.Addrs()[1:]), addr)
		if after := p.View(); after.Epoch() != before.Epoch()+2 || !slices.Equal(after.Addrs(), rotated) {
			t.Errorf("the view was %s\nand is %s", picture(before), picture(after))
		}
		if onFront.Load() != 100 || onOthers.Load() != 100 {
			t.Errorf("%d calls went to the front and %d to others, want 100 each", onFront.Load(), onOthers.Load())
		}
		stop(t, p.Stop)
	})
}

func TestEveryCallOfAPassTriesEachServerOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := make(chan string, 1000)
		p := startProxy(t, proxy.Config{Servers: names(5), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			if made <- addr; len(made) < 11 {
				return refusing(addr, method)
			}
			return nil
		}}})
		if err := p.Call(t.Context(), "M.M", nil, nil); err != nil {
			t.Fatal(err)
		}
		for pass := range 2 {
			var tried []string
			for range 5 {
				tried = append(tried, <-made)
			}
			if slices.Sort(tried); len(slices.Compact(tried)) != 5 {
				t.Errorf("pass %d went to %q, want each server once", pass, tried)
			}
		}
		stop(t, p.Stop)
	})
}

func TestACallThatFailsLateDoesNotRotateAServerThatHasRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startProxy(t, proxy.Config{Servers: names(2), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			time.Sleep(time.Minute)
			return refusing(addr, method)
		}}})
		first := active(t, p)
		ctx, leave := context.WithTimeout(t.Context(), 90*time.Second)
		defer leave()
		ended := make(chan error, 1)
		go func() { ended <- p.Call(ctx, "M.M", nil, nil) }()
		synctest.Wait() // it is under way, with first
		if err := p.NotifyFailed(t.Context(), first, nil); err != nil {
			t.Fatal(err)
		}
		for active(t, p) != first {
			if _, err := p.Rebalance(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		recovered := p.View()
		time.Sleep(61 * time.Second)
		if p.View() != recovered {
			t.Errorf("what was true a minute ago made of %s\nthis: %s", picture(recovered), picture(p.View()))
		}
		if err := <-ended; err == nil {
			t.Error("no server answered, and the call succeeded")
		}
		stop(t, p.Stop)
	})
}
