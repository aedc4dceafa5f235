package pool_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// However a session's end, its server's and the pool's meet, each session that is up is over once
// when Stop returns.
func TestStopFindsEverySessionOverOnce(t *testing.T) {
	testutil.VerifyNone(t)
	const callsEach = 50
	for round := range 20 {
		s, err := testutil.StartServer(testutil.ServerConfig{KeepAlive: -1})
		noError(t, err)
		var up, over atomic.Int64
		p, err := pool.Hooked(pool.Far(pool.Config{}), poolhooks.Hooks{
			Up: func(poolhooks.Session, time.Duration) { up.Add(1) },
			Over: func(poolhooks.Session, time.Duration, error) {
				for range 100 { // Stop waits also for what takes a while
					runtime.Gosched()
				}
				over.Add(1)
			},
		})
		noError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		var callers sync.WaitGroup
		var calls atomic.Int64
		for range 4 {
			callers.Go(func() {
				for range callsEach {
					_ = p.Call(ctx, s.Addr(), "Echo.Echo", 1, nil)
					calls.Add(1)
				}
			})
		}
		ends := []func(){
			func() { s.Kill(); _ = s.Restart() },
			func() { stop(t, p.Stop) },
		}
		if round%2 == 0 {
			ends[0] = func() { stop(t, s.Stop) }
		}
		var all sync.WaitGroup
		for _, end := range ends {
			amid := rand.Int64N(4 * callsEach)
			all.Go(func() {
				for calls.Load() < amid {
					runtime.Gosched()
				}
				end()
			})
		}
		all.Wait()
		if up, over, now := up.Load(), over.Load(), p.Stats().Sessions; up != over || now != 0 {
			t.Errorf("round %d: %d were up, %d are over, %d live", round, up, over, now)
		}
		cancel()
		callers.Wait()
		stop(t, s.Stop)
	}
}
