package proxy_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// A call whose server does not answer has no time to lose: what is known of the
// others counts before their rank does.
func TestACallGoesOnWithTheServersThatMayBeWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made, latency := make(chan sliced, 100), far
		p := startProxy(t, proxy.Config{Servers: names(5), Pinger: answersAfter(time.Now(), &latency, made)})
		rank := p.View().Servers()
		for _, held := range []messages.FailureNotice{
			{Server: rank[1], Err: errDown},
			{Server: rank[2], NoQuorum: true},
			{Server: rank[3], Err: errDown},
		} {
			if err := p.Send(t.Context(), held); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		before := p.View()
		if !slices.Equal(before.Servers(), rank) || before.Health(rank[1]) != messages.Failed || before.Health(rank[2]) != messages.Leaderless {
			t.Fatal(picture(before))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		if err := p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithSoftDeadline(time.Now().Add(5*time.Second))); err == nil {
			t.Error("no server answered, and the call succeeded")
		}
		for i, want := range []int{0, 4, 2, 1, 3} {
			if got := <-made; got.addr != rank[want].Addr {
				t.Errorf("attempt %d went to %s, want %v; the view is %s", i, got.addr, rank[want], picture(before))
			}
		}
		stop(t, p.Stop)
	})
}

// A server that answers does not count as failed, whatever it cannot do.
func TestAServerWithoutALeaderThatIsReadyIsNotDeemedFailed(t *testing.T) {
	for _, kind := range []error{pool.ErrNoLeader, pool.ErrNotReady} {
		synctest.Test(t, func(t *testing.T) {
			log := make(lines, 1000)
			p := startProxy(t, proxy.Config{Servers: names(3), Logger: zerolog.New(log), Pinger: embedded{upPinger, func(_ context.Context, addr, method string) error {
				return answered(addr, method, kind, pool.Rejected)
			}}})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if err := p.Call(ctx, "Job.List", nil, nil); err == nil {
				t.Error("no server was ready, and the call succeeded")
			}
			for r := range p.View().Ranking() {
				if r.Health != messages.Leaderless {
					t.Errorf("%v: %v is held for %v", kind, r.Server, r.Health)
				}
			}
			if n := log.with(p, "lost"); n != 0 {
				t.Errorf("%v: all servers answer, and %d lines say that none does", kind, n)
			}
			stop(t, p.Stop)
		})
	}
}
