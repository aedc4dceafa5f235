package actor_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A message that comes while the actor is about to rest is taken: each is asked alone.
func TestNoMessageIsLostToAnActorThatRests(t *testing.T) {
	a := play(2, script[question]{step: func(_ time.Time, q question) { q.reply.Send(q.n) }})
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	var all sync.WaitGroup
	for hand := range 3 {
		all.Go(func() {
			for i := range 20_000 {
				if got, err := actor.Ask(ctx, a.Ref, ask(i)); got != i || err != nil {
					t.Errorf("asked %d: %d, %v", i, got, err)
					return
				}
				if i%(hand+2) == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	all.Wait()
	wantErr(t, a.Stop(t.Context()), nil)
}

// Many actors that have nothing to do have no goroutine, and each one takes what comes then.
func TestAnActorThatRestsHasNoGoroutine(t *testing.T) {
	testutil.AwaitNone(t)
	before := runtime.NumGoroutine()
	all := make([]*actor.Actor[question], 100)
	for i := range all {
		all[i] = play(4, script[question]{
			step:     func(_ time.Time, q question) { q.reply.Send(q.n) },
			deadline: func() time.Time { return time.Now().Add(time.Hour) },
		})
	}
	for round := range 3 {
		if left := testutil.Leftover(before, time.Minute); left > 0 {
			t.Fatalf("%d goroutines of %d actors that rest", left, len(all))
		}
		for i, a := range all {
			if got, err := actor.Ask(t.Context(), a.Ref, ask(round+i)); got != round+i || err != nil {
				t.Fatalf("%d, %v", got, err)
			}
		}
	}
	for _, a := range all {
		wantErr(t, a.Stop(t.Context()), nil)
	}
}
