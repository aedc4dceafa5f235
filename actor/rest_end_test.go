package actor_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Many actors that rest are woken and ended at the same moment: by messages, one of which may panic,
// or end its goroutine, by deadlines, by Stop and by End. Whatever was accepted is answered, and no
// goroutine is left.
func TestActorsThatRestAreWokenAndEndedAtOnce(t *testing.T) {
	testutil.AwaitNone(t)
	before := runtime.NumGoroutine()
	const actors, senders = 1000, 3
	type resting struct {
		*actor.Actor[errand]
		self actor.Self[errand]
	}
	all, answers := make([]resting, actors), make([]int, actors)
	for i := range all {
		due := time.Time{}
		if i%5 == 0 {
			due = time.Now().Add(time.Duration(i) * time.Microsecond)
		}
		all[i].Actor = actor.Spawn(1+i%3, func(self actor.Self[errand]) actor.Behavior[errand] {
			all[i].self = self
			return script[errand]{
				step: func(now time.Time, e errand) {
					switch answers[i]++; {
					case i%7 == 1 && answers[i] == 2:
						explode("kaboom")
					case i%7 == 2 && answers[i] == 2:
						runtime.Goexit()
					}
					doErrand(now, e)
				},
				deadline: func() time.Time { return due },
				expire:   func(time.Time) { due = time.Time{} },
			}
		})
	}
	if left := testutil.Leftover(before, time.Minute); left > 0 {
		t.Fatalf("%d goroutines of %d actors that rest", left, actors)
	}
	begin := make(chan struct{})
	var hands sync.WaitGroup
	for i, a := range all {
		for range senders {
			hands.Go(func() {
				e := errand{actor.NewReply[error]()}
				<-begin
				if err := a.Tell(context.Background(), e); err == nil {
					if err = answered(t, e); err != errDone && err != a.Err() {
						t.Errorf("actor %d: %v, want it done or %v", i, err, a.Err())
					}
				} else if err != a.Err() {
					t.Errorf("actor %d: %v, want %v", i, err, a.Err())
				}
			})
		}
		hands.Go(func() {
			<-begin
			switch i % 3 {
			case 0:
				a.self.End(io.ErrUnexpectedEOF)
			case 1:
				_ = a.Stop(context.Background())
			}
		})
	}
	close(begin)
	hands.Wait()
	causes := map[string]int{}
	for i, a := range all {
		wantErr(t, a.Stop(context.Background()), nil)
		switch err := a.Err(); {
		case err == actor.ErrStopped:
			causes["stopped"]++
		case err == io.ErrUnexpectedEOF:
			causes["End"]++
		case errors.As(err, new(*actor.PanicError)):
			causes["panic"]++
		default:
			t.Errorf("actor %d: %v", i, err)
		}
	}
	if causes["stopped"] == 0 || causes["End"] == 0 || causes["panic"] == 0 {
		t.Errorf("%v: nothing has raced", causes)
	}
	if left := testutil.Leftover(before, time.Minute); left > 0 {
		t.Errorf("%d goroutines are left", left)
	}
}
