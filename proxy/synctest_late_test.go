package proxy_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// attemptsOf are when a call with a soft deadline was tried, on servers that fail so, in a
// cluster of so many nodes, and its error.
func attemptsOf(t *testing.T, nodes int, soft, limit time.Duration, fail func(addr, method string) error) (at []time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		began, made := time.Now(), make(chan time.Duration, 10_000)
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: embedded{unserved().pinging, func(_ context.Context, addr, method string) error {
			select {
			case made <- time.Since(began):
			default:
			}
			return fail(addr, method)
		}}})
		addrs := p.ServerRPCAddrs()
		if err := p.Heartbeat(within(t), messages.HeartbeatUpdate{Servers: infos(addrs...), NumNodes: nodes, LeaderRPCAddr: addrs[0]}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		began = time.Now()
		err = p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(began.Add(soft)))
		for len(made) > 0 {
			at = append(at, <-made)
		}
		stop(t, p.Stop)
	})
	return at, err
}

// Whatever the servers answer, a call after its soft deadline makes no two passes over
// them within a second, and fewer where the fleet is large. Until then it is quick.
func TestACallWhoseSoftDeadlineHasPassedIsTriedOnceASecondAtMost(t *testing.T) {
	leaderless := func(addr, method string) error { return answered(addr, method, pool.ErrNoLeader, pool.Rejected) }
	forward := func(addr, method string) error {
		return answered(addr, method, pool.ErrLeaderUnreachable, pool.MaybeExecuted)
	}
	for name, c := range map[string]struct {
		nodes       int
		soft, limit time.Duration
		least       time.Duration // between two passes
		first       int           // attempts that come at once
		fail        func(addr, method string) error
		most        int // attempts after the soft deadline
	}{
		"late from the start":          {3, 0, 20 * time.Second, time.Second, 3, refusing, 22},
		"it is over meanwhile":         {3, 2 * time.Second, 22 * time.Second, time.Second, 0, refusing, 20},
		"no leader":                    {3, 0, 20 * time.Second, time.Second, 1, leaderless, 20},
		"a leader that is unreachable": {3, 0, 20 * time.Second, time.Second, 1, forward, 20},
		"10,000 nodes":                 {10_000, 0, 2 * time.Minute, 13 * time.Second, 3, refusing, 12},
		"a million nodes":              {1_000_000, 0, 10 * time.Minute, 30 * time.Second, 3, refusing, 23},
		"no time for a pause":          {100_000, 0, 8 * time.Second, 8 * time.Second, 3, refusing, 3},
		"nodes beyond measure":         {math.MaxInt / 2, 0, 8 * time.Second, 8 * time.Second, 3, refusing, 3},
	} {
		at, err := attemptsOf(t, c.nodes, c.soft, c.limit, c.fail)
		early, _ := slices.BinarySearch(at, c.soft)
		late := at[early:]
		if !errors.Is(err, proxy.ErrRetriesSpent) || len(late) > c.most || len(late) < c.first || c.soft > 0 && early < 8 {
			t.Errorf("%s: %d attempts, then %d late ones: %v", name, early, len(late), err)
		}
		for i := max(c.first, 1); i < len(late); i++ {
			if gap := late[i] - late[i-1]; gap < c.least || gap > 4*c.least+time.Second {
				t.Errorf("%s: %v between two late attempts", name, gap)
				break
			}
		}
	}
}

// Agents that are late together do not stay together.
func TestLateCallsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 300
		began, made := time.Now(), make(chan time.Duration, 100_000)
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			select {
			case made <- time.Since(began):
			default:
			}
			return refusing(addr, method)
		}}})
		var all sync.WaitGroup
		for range calls {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				if err := p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(began)); err == nil {
					t.Error("the servers are down, and a call succeeded")
				}
			})
		}
		all.Wait()
		var tenths [81]int
		for len(made) > 0 {
			tenths[<-made/(100*time.Millisecond)]++
		}
		for i, n := range tenths[1:] {
			if n > calls/4 {
				t.Errorf("%d attempts of %d calls in the tenth of a second after %d ms", n, calls, (i+1)*100)
			}
		}
		stop(t, p.Stop)
	})
}
