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

	"github.com/open-nomad/rpcproxy/proxy"
)

// crowd makes calls on servers that are down until they are up again, all with the
// same deadline, and answers when their attempts were and how many were lost, of
// which so many before their time.
func crowd(t *testing.T, calls int, up, deadline time.Duration) (at []time.Duration, lost, early int64) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		made := make(chan time.Duration, 100*calls)
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
			select {
			case made <- time.Since(began):
			default:
			}
			if time.Since(began) >= up {
				return nil
			}
			return refusing(addr, method)
		}}})
		var callers sync.WaitGroup
		var ended, before atomic.Int64
		for range calls {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				err := p.Call(ctx, "Job.List", nil, nil)
				if err == nil {
					return
				}
				ended.Add(1)
				if errors.Is(err, proxy.ErrRetriesSpent) && time.Since(began) < deadline-10*time.Millisecond {
					before.Add(1)
				}
			})
		}
		callers.Wait()
		for len(made) > 0 {
			at = append(at, <-made)
		}
		lost, early = ended.Load(), before.Load()
		stop(t, p.Stop)
	})
	return at, lost, early
}

func TestNoCallIsGivenUpWhileThereIsTimeForAnotherAttempt(t *testing.T) {
	if _, lost, _ := crowd(t, 400, 3*time.Second, 6*time.Second); lost > 0 {
		t.Errorf("the servers were back 3s before the deadline, and %d of 400 calls were lost", lost)
	}
	if _, lost, early := crowd(t, 400, far, 6*time.Second); lost != 400 || early > 0 {
		t.Errorf("of 400 calls on servers that stayed away %d were lost, %d early", lost, early)
	}
}

// Near its end a call is tried no more often than before, but for once.
func TestACrowdDoesNotHammerNearItsDeadline(t *testing.T) {
	const calls = 400
	at, _, _ := crowd(t, calls, far, 6*time.Second)
	slices.Sort(at)
	first, _ := slices.BinarySearch(at, 4*time.Second)
	// Pauses of a second on average, and the last one.
	if late := len(at) - first; late < calls || late > 4*calls {
		t.Errorf("%d calls made %d attempts in their last two seconds", calls, late)
	}
	for i := range at[first:] {
		n, _ := slices.BinarySearch(at[first+i:], at[first+i]+100*time.Millisecond)
		if n > calls/3 {
			t.Fatalf("%d attempts of %d callers in the tenth of a second after %v", n, calls, at[first+i])
		}
	}
}

// Callers that fail together have the same time left, half of which is less than many
// of their pauses. They must not come back together.
func TestACrowdWithOneDeadlineIsSpread(t *testing.T) {
	const calls = 400
	at, _, _ := crowd(t, calls, far, 60*time.Millisecond)
	slices.Sort(at)
	first, _ := slices.BinarySearch(at, 1)
	again := at[first:]
	if first < calls || len(again) < calls {
		t.Fatalf("%d calls made %d attempts at once and %d later", calls, first, len(again))
	}
	for i := range again {
		n, _ := slices.BinarySearch(again[i:], again[i]+time.Millisecond)
		if again[i] <= 30*time.Millisecond && n > calls/5 {
			t.Fatalf("%d attempts of %d callers within 1 ms, at %v", n, calls, again[i])
		}
	}
}
