package proxy_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// storm makes calls on five servers that all fail, and counts the attempts of the
// first second.
func storm(t *testing.T, calls int, fail func(addr, method string) error) (early int64) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var sent atomic.Int64
		p := startProxy(t, proxy.Config{Servers: names(5), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			if time.Since(began) < time.Second {
				sent.Add(1)
			}
			return fail(addr, method)
		}}})
		var callers sync.WaitGroup
		for range calls {
			callers.Go(func() {
				err := p.Call(context.Background(), "M.M", nil, nil, options(proxy.Idempotent)...)
				if took := time.Since(began); !errors.Is(err, proxy.ErrRetriesSpent) || took < 28*time.Second || took > 30*time.Second {
					t.Errorf("%v after %v", err, took)
				}
			})
		}
		callers.Wait()
		early = sent.Load()
		stop(t, p.Stop)
	})
	return early
}

// Beyond a thousand, retries come a second apart on average; no call is given up
// for the others' sake. What reaches no server costs none anything.
func TestRetriesDoNotMultiplyTheLoadOfAClusterInTrouble(t *testing.T) {
	const calls = 1500
	lost := func(addr, method string) error {
		return &pool.CallError{Method: method, Server: addr, Phase: pool.PhaseFlushed, Outcome: pool.MaybeExecuted, Err: errDown}
	}
	if n := storm(t, calls, lost); n < calls+1000 || n > 3*calls {
		t.Errorf("%d calls made %d attempts in a second, want one each, a thousand retries and few more", calls, n)
	}
	if n := storm(t, calls, refusing); n < 4*calls {
		t.Errorf("%d calls made %d attempts in a second, although none was sent", calls, n)
	}
}
