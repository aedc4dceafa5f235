package proxy_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// sliced is an attempt, and the slice it was given.
type sliced struct {
	addr     string
	at, long time.Duration
}

// answersAfter is a cluster whose servers need this long for every answer. It tells of
// each attempt that made has room for.
func answersAfter(began time.Time, latency *time.Duration, made chan<- sliced) embedded {
	return embedded{upPinger, func(ctx context.Context, addr, method string) error {
		until, _ := ctx.Deadline()
		select {
		case made <- sliced{addr, time.Since(began), time.Until(until)}:
		default:
		}
		answer := time.NewTimer(*latency)
		defer answer.Stop()
		select {
		case <-answer.C:
			return nil
		case <-ctx.Done():
			return &pool.CallError{Method: method, Server: addr, Phase: pool.PhaseFlushed, Outcome: pool.MaybeExecuted, Err: ctx.Err()}
		}
	}}
}

// heartbeat is how long a call takes whose soft deadline is so far away.
func heartbeat(t *testing.T, p *proxy.Proxy, soft time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(begin.Add(soft))); err != nil {
		t.Errorf("a heartbeat with %v until its soft deadline: %v after %v", soft, err, time.Since(begin))
	}
	return time.Since(begin)
}

// No server is to blame when all need longer than a slice: the call
// must give one of them the time.
func TestAHeartbeatSucceedsInAClusterThatIsSlowAsAWhole(t *testing.T) {
	for _, c := range []struct {
		servers       int
		soft, latency time.Duration
		cut           int           // attempts that end with their slice
		within        time.Duration // the time until the soft deadline, or the sum of the slices
	}{
		{3, 5 * time.Second, 1200 * time.Millisecond, 0, 5 * time.Second},
		{3, 5 * time.Second, 1300 * time.Millisecond, 3, 5 * time.Second},
		{3, 20 * time.Second, 2500 * time.Millisecond, 3, 20 * time.Second},
		{1, 5 * time.Second, 3500 * time.Millisecond, 1, 6 * time.Second},
		{3, 5 * time.Second, 9 * time.Second, 9, 40 * time.Second}, // 1.25, 2.5 and 5 s for each of them, and two pauses
		{3, 0, 1900 * time.Millisecond, 0, 2 * time.Second},        // it begins late
		{3, 0, 2100 * time.Millisecond, 3, 11 * time.Second},       // 2 s for each of them, and a pause
	} {
		synctest.Test(t, func(t *testing.T) {
			made := make(chan sliced, 1000)
			p := startProxy(t, proxy.Config{Servers: names(c.servers), Pinger: answersAfter(time.Now(), &c.latency, made)})
			front := active(t, p)
			if took := heartbeat(t, p, c.soft); took > c.within {
				t.Errorf("%+v: landed after %v", c, took)
			}
			if len(made) != c.cut+1 {
				t.Errorf("%+v: %d attempts, want %d", c, len(made), c.cut+1)
			}
			if active(t, p) != front {
				t.Errorf("%+v: a server was left that is only slow", c)
			}
			stop(t, p.Stop)
		})
	}
}

// What the last answer took is known: as long as the cluster is slow, and there is time
// for another server, nothing is sent twice. When it is well again the slices are
// those they were.
func TestASlowClusterGetsEachFurtherHeartbeatOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made, latency := make(chan sliced, 1000), 1300*time.Millisecond
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: answersAfter(time.Now(), &latency, made)})
		for beat, want := range []struct {
			latency, slice time.Duration
			attempts       int
		}{
			{1300 * time.Millisecond, 1250 * time.Millisecond, 4},
			{1300 * time.Millisecond, 2500 * time.Millisecond, 1}, // as much as is left for another
			{1100 * time.Millisecond, 2500 * time.Millisecond, 1},
			{time.Millisecond, 2200 * time.Millisecond, 1},
			{time.Millisecond, 1250 * time.Millisecond, 1},
		} {
			latency = want.latency
			heartbeat(t, p, 5*time.Second)
			if n := len(made); n != want.attempts {
				t.Errorf("heartbeat %d took %d attempts, want %d", beat, n, want.attempts)
			}
			if first := <-made; first.long != want.slice {
				t.Errorf("heartbeat %d had a first slice of %v, want %v", beat, first.long, want.slice)
			}
			for len(made) > 0 {
				<-made
			}
		}
		stop(t, p.Stop)
	})
}

// A cluster that does not answer is asked less and less often.
func TestALateHeartbeatDoesNotFloodAClusterThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made, latency := make(chan sliced, 10_000), far
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: answersAfter(time.Now(), &latency, made)})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(time.Now().Add(5*time.Second))); err == nil {
			t.Error("no server answered, and the call succeeded")
		}
		// Passes of 1.25, 2.5, 5, ... s for each of three; the eighth is not over.
		if n := len(made); n < 21 || n > 24 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		stop(t, p.Stop)
	})
}

// Slices are there to be waited out. Servers that refuse at once need no more time,
// and one that then does not answer must not delay the call for long.
func TestSlicesGrowOnlyWhenTheyWereTooShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, latency := time.Now(), far
		made := make(chan sliced, 10_000)
		silent := answersAfter(began, &latency, made)
		p := startProxy(t, proxy.Config{Servers: names(2), Pinger: embedded{upPinger, func(ctx context.Context, addr, method string) error {
			if time.Since(began) < 10*time.Second {
				return refusing(addr, method)
			}
			return silent.call(ctx, addr, method)
		}}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(began.Add(time.Second))); err == nil {
			t.Error("no server answered, and the call succeeded")
		}
		// The servers fall silent in the middle of a pass, or at its end.
		first, second, third := <-made, <-made, <-made
		if first.long != 2*time.Second || second.long > 4*time.Second || third.long != 4*time.Second {
			t.Errorf("the first slices are of %v, %v and %v", first.long, second.long, third.long)
		}
		stop(t, p.Stop)
	})
}
