package actor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

func TestStopAnswersWaitingAsksWithErrStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := play(8, script[question]{}) // never answers
		const askers = 5
		errs := make(chan error, askers)
		for i := range askers {
			go func() {
				_, err := actor.Ask(context.Background(), a.Ref, ask(i))
				errs <- err
			}()
		}
		synctest.Wait()
		wantErr(t, a.Err(), nil)
		wantErr(t, a.Stop(t.Context()), nil)
		for range askers {
			wantErr(t, <-errs, actor.ErrStopped)
		}
		wantErr(t, a.Err(), actor.ErrStopped)
	})
}

func TestMessagesLeftInTheMailboxAreNotTakenAfterStop(t *testing.T) {
	for range 50 { // select picks at random among what is ready
		synctest.Test(t, func(t *testing.T) {
			a, taken, release := blocker(8)
			for i := range 9 {
				wantErr(t, a.Tell(t.Context(), i), nil)
				synctest.Wait()
			}
			stopped := make(chan error, 1)
			go func() { stopped <- a.Stop(t.Context()) }()
			synctest.Wait() // Stop has been called; the first step has not ended
			close(release)
			wantErr(t, <-stopped, nil)
			if len(taken) != 1 {
				t.Fatalf("%d messages taken, want only the one before Stop", len(taken))
			}
		})
	}
}

func TestADeadlineThatComesDueInTheLastStepIsNotServed(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			due := time.Now().Add(time.Second)
			expired := 0
			a := play(1, script[int]{
				step:     func(time.Time, int) { <-release },
				expire:   func(time.Time) { expired++; due = time.Time{} },
				deadline: func() time.Time { return due },
			})
			wantErr(t, a.Tell(t.Context(), 1), nil)
			time.Sleep(2 * time.Second)
			stopped := make(chan error, 1)
			go func() { stopped <- a.Stop(t.Context()) }()
			synctest.Wait()
			close(release)
			wantErr(t, <-stopped, nil)
			if expired != 0 {
				t.Fatal("Expire was called after Stop")
			}
		})
	}
}

func TestTheBehaviorIsStoppedOnceWithTheCause(t *testing.T) {
	var causes []error
	a := play(1, script[int]{stop: func(cause error) { causes = append(causes, cause) }})
	for range 3 {
		wantErr(t, a.Stop(t.Context()), nil)
	}
	if len(causes) != 1 {
		t.Fatalf("Behavior.Stop was called with %v, want once", causes)
	}
	wantErr(t, causes[0], actor.ErrStopped)
}

func TestStopMayBeCalledConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		a := play(1, script[int]{stop: func(error) { calls++; time.Sleep(time.Second) }})
		const callers = 16
		errs := make(chan error, callers)
		for range callers {
			go func() { errs <- a.Stop(t.Context()) }()
		}
		for range callers {
			wantErr(t, <-errs, nil)
		}
		if calls != 1 {
			t.Fatalf("Behavior.Stop was called %d times", calls)
		}
	})
}

func TestStopWaitsForTheGoroutinesAndCancelsTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		leave := func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			ended++
		}
		a := actor.Spawn(1, func(self actor.Self[int]) actor.Behavior[int] {
			self.Go(leave)
			return script[int]{step: func(time.Time, int) { self.Go(func(context.Context) {}) }}
		})
		wantErr(t, a.Tell(t.Context(), 1), nil)
		synctest.Wait()
		begin := time.Now()
		wantErr(t, a.Stop(t.Context()), nil)
		if d := time.Since(begin); ended != 1 || d != 3*time.Second {
			t.Fatalf("Stop returned after %v with %d of 1 goroutines ended", d, ended)
		}
	})
}

func TestDoneDoesNotWaitForTheGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		a := actor.Spawn(1, func(self actor.Self[int]) actor.Behavior[int] {
			self.Go(func(context.Context) { <-release })
			return script[int]{}
		})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantErr(t, a.Stop(ctx), context.Canceled)
		<-a.Done()
		wantErr(t, a.Err(), actor.ErrStopped)
		close(release)
		wantErr(t, a.Stop(t.Context()), nil)
	})
}

func TestStopEndsWithItsContextAndTheActorEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, taken, release := blocker(1)
		wantErr(t, a.Tell(t.Context(), 1), nil)
		<-taken
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantErr(t, a.Stop(ctx), context.DeadlineExceeded)
		wantErr(t, a.Err(), nil) // still in its step
		close(release)
		<-a.Done()
		wantErr(t, a.Err(), actor.ErrStopped)
		wantErr(t, a.Stop(t.Context()), nil)
	})
}

func TestStopOfAnEndedActorIsNilWhateverItsContext(t *testing.T) {
	a := play(1, script[int]{})
	wantErr(t, a.Stop(t.Context()), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 { // both are ready and select picks at random
		wantErr(t, a.Stop(ctx), nil)
	}
}

func TestAStoppedActorTakesNoMessage(t *testing.T) {
	a := play(4, script[question]{step: func(time.Time, question) { t.Error("a message was taken") }})
	wantErr(t, a.Stop(t.Context()), nil)
	for range 100 {
		wantErr(t, a.Tell(t.Context(), question{}), actor.ErrStopped)
		wantErr(t, a.TryTell(question{}), actor.ErrStopped)
		_, err := actor.Ask(t.Context(), a.Ref, ask(1))
		wantErr(t, err, actor.ErrStopped)
	}
}
