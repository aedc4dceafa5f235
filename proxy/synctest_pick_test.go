package proxy_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
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
		if err := p.Call(ctx, "Node.UpdateStatus", nil, nil, proxy.WithBudget(time.Now().Add(5*time.Second))); err == nil {
			t.Error("nobody answered, and the call succeeded")
		}
		for i, want := range []int{0, 4, 2, 1, 3} {
			if got := <-made; got.addr != rank[want].Addr {
				t.Errorf("attempt %d went to %s, want %v; the view is %s", i, got.addr, rank[want], picture(before))
			}
		}
		stop(t, p.Stop)
	})
}
