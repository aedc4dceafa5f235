package proxy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// A refusal that takes long is no query that was blocked: without a leader a server takes
// 5 s over it, and 10 s to dial one that is dead.
func TestABlockingQueryThatIsRefusedSlowlyEndsAsAnyOtherCallDoes(t *testing.T) {
	const pause, retried = 5100 * time.Millisecond, 30 * time.Second // Config.RetryTimeout
	own := map[string]any{"Region": "global", "MinQueryIndex": uint64(5), "MaxQueryTime": int64(5 * time.Minute)}
	other := map[string]any{"Region": "mars", "MinQueryIndex": uint64(5), "MaxQueryTime": int64(5 * time.Minute)}
	for _, row := range []struct {
		name     string
		args     map[string]any
		kind     error
		outcome  pool.Outcome
		takes    time.Duration
		forGood  bool // ctx has no deadline
		attempts int  // exactly; 0: as many as go into Config.RetryTimeout
	}{
		{"no leader", own, pool.ErrNoLeader, pool.Rejected, pause, true, 0},
		{"a leader that cannot be dialed", own, pool.ErrLeaderUnreachable, pool.Rejected, 10 * time.Second, true, 0},
		{"no keys yet", own, pool.ErrStarting, pool.Rejected, pause, true, 0},
		{"another region's server that cannot be dialed", other, pool.ErrLeaderUnreachable, pool.Rejected, 10 * time.Second, false, 3},
		{"another region's server that is frozen", other, pool.ErrLeaderUnreachable, pool.MaybeExecuted, 40 * time.Second, false, 3},
		{"another region without a leader", other, pool.ErrNoLeader, pool.Rejected, pause, false, 3},
		{"no path to a region", other, pool.ErrNoRegionPath, pool.Rejected, 6 * time.Second, false, 3},
		{"an unknown method", own, pool.ErrUnknownMethod, pool.Rejected, 6 * time.Second, false, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := 0
				p := startProxy(t, proxy.Config{Servers: names(3), Rebalance: calm, Pinger: embedded{upPinger, func(ctx context.Context, addr, method string) error {
					seen++
					select {
					case <-time.After(row.takes):
					case <-ctx.Done():
						return ctx.Err()
					}
					return &pool.CallError{
						Method: method, Server: addr, Phase: pool.PhaseRemote, Outcome: row.outcome,
						Err: &pool.RemoteError{Text: row.kind.Error(), Hops: 1, Kind: row.kind},
					}
				}}})
				limit := 24 * time.Hour
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				if row.forGood {
					ctx, cancel = context.WithCancel(t.Context())
					defer time.AfterFunc(limit, cancel).Stop() // the bubble's time goes on only while somebody waits
				}
				defer cancel()
				began := time.Now()
				err := p.Call(ctx, "Node.GetClientAllocs", row.args, nil)
				call, ok := errors.AsType[*proxy.CallError](err)
				if !ok || !errors.Is(err, row.kind) || call.Attempts != seen && row.outcome == pool.Rejected {
					t.Fatalf("%v after %d attempts", err, seen)
				}
				most := time.Duration(row.attempts) * (row.takes + time.Second)
				if row.attempts == 0 {
					most = retried + 2*row.takes // the first attempt, and one that began in time
				}
				if took := time.Since(began); took > most || row.attempts != 0 && seen != row.attempts {
					t.Errorf("%d attempts in %v", seen, took)
				}
				stop(t, p.Stop)
			})
		})
	}
}
