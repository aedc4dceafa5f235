package actor_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// shared is how many messages may share one reading of the clock, by the word of
// the package's documentation.
const shared = 32

// slow is an actor whose steps take a millisecond each and tell how far behind
// the time they were given was. It gets as many messages as there is room for
// before the first step ends.
func slow(t *testing.T, size int, s script[int]) (a *actor.Actor[int], lags *[]time.Duration) {
	t.Helper()
	lags = new([]time.Duration)
	s.step = func(now time.Time, _ int) {
		*lags = append(*lags, time.Since(now))
		time.Sleep(time.Millisecond)
	}
	a = play(size, s)
	wantErr(t, a.Tell(t.Context(), 0), nil)
	synctest.Wait()
	for i := range size {
		wantErr(t, a.TryTell(i), nil)
	}
	return a, lags
}

func TestMessagesThatWaitTogetherGetATimeNotLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, lags := slow(t, 5*shared, script[int]{})
		time.Sleep(time.Second)
		wantErr(t, a.Stop(t.Context()), nil)
		if len(*lags) != 5*shared+1 {
			t.Fatalf("%d messages taken, want %d", len(*lags), 5*shared+1)
		}
		for i, lag := range *lags {
			if lag < 0 || lag >= shared*time.Millisecond {
				t.Errorf("message %d was given a time %v ago, in steps of 1ms", i, lag)
			}
		}
	})
}

// A ring is heard once; what comes after it must not pay for it.
func TestTheDeadlineIsNotReadForEveryMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		due, expired, reads := time.Now().Add(time.Millisecond/2), 0, 0
		a, lags := slow(t, 10*shared, script[int]{
			deadline: func() time.Time { reads++; return due },
			expire:   func(time.Time) { expired++; due = time.Time{} },
		})
		time.Sleep(time.Second)
		wantErr(t, a.Stop(t.Context()), nil)
		if expired != 1 || len(*lags) != 10*shared+1 {
			t.Fatalf("%d messages taken and Expire called %d times", len(*lags), expired)
		}
		if reads > 20 {
			t.Errorf("%d messages that waited: the deadline was read %d times", 10*shared, reads)
		}
	})
}

// The clock counts on for a while before it asks for the time of day again.
func TestTheTimeIsExactHoweverLongAgoItWasLastLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := 0
		a := play(1, script[int]{step: func(now time.Time, _ int) {
			steps++
			if real := time.Now(); now != real || !now.Round(0).Equal(real.Round(0)) {
				t.Errorf("step %d was given %v, the time is %v", steps, now, real)
			}
		}})
		for _, wait := range []time.Duration{0, 1, time.Millisecond, 999 * time.Millisecond, time.Second, time.Second + 1, time.Hour, 7, 0} {
			time.Sleep(wait)
			wantErr(t, a.Tell(t.Context(), 1), nil)
			synctest.Wait()
		}
		wantErr(t, a.Stop(t.Context()), nil)
		if steps != 9 {
			t.Errorf("%d messages taken, want 9", steps)
		}
	})
}

// An actor that has nothing to do must not keep what it did last.
func TestAWaitingActorHoldsOnToNoMessage(t *testing.T) {
	gone := make(chan struct{})
	a := play(4, script[*[]byte]{})
	func() {
		large := new(make([]byte, 1<<20))
		runtime.AddCleanup(large, func(gone chan struct{}) { close(gone) }, gone)
		wantErr(t, a.Tell(t.Context(), large), nil)
	}()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for looked := false; !looked; {
		runtime.GC()
		select {
		case <-gone:
			looked = true
		case <-limit.C:
			t.Fatal("the last message is still there")
		default:
			runtime.Gosched()
		}
	}
	wantErr(t, a.Stop(t.Context()), nil)
}

// The mailbox is full when the deadline comes, so the alarm finds no room in it,
// and full it stays.
func TestADeadlineIsServedWhileTheMailboxIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, rang := time.Now(), time.Duration(0)
		due := begin.Add(10*time.Millisecond + 1)
		a, lags := slow(t, 4, script[int]{
			deadline: func() time.Time { return due },
			expire:   func(now time.Time) { rang, due = now.Sub(begin), time.Time{} },
		})
		for i := range 200 {
			wantErr(t, a.Tell(t.Context(), i), nil)
		}
		wantErr(t, a.Stop(t.Context()), nil)
		if want := 11 * time.Millisecond; rang != want { // the end of the step in which it comes due
			t.Errorf("Expire was called after %v, want %v", rang, want)
		}
		if len(*lags) < 100 {
			t.Errorf("only %d messages were taken", len(*lags))
		}
	})
}

// On one processor nothing else runs while the actor has messages: it has to look
// at the clock itself.
func TestADueDeadlineWaitsForAHandfulOfMessagesOnly(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var due time.Time
	rang, late := make(chan struct{}), 0
	a := actor.Spawn(2, func(self actor.Self[bool]) actor.Behavior[bool] {
		return script[bool]{
			step: func(_ time.Time, first bool) {
				switch {
				case first:
					due = time.Now().Add(time.Millisecond)
					for time.Now().Before(due) { // busy, so that it comes due in a step
					}
				case due.IsZero():
					return // the end of it
				default:
					late++
				}
				wantErr(t, self.Ref().TryTell(false), nil) // the mailbox is never empty
			},
			expire:   func(time.Time) { due = time.Time{}; close(rang) },
			deadline: func() time.Time { return due },
		}
	})
	wantErr(t, a.Tell(context.Background(), true), nil)
	<-rang
	wantErr(t, a.Stop(t.Context()), nil)
	if late > shared {
		t.Errorf("%d messages were taken after the deadline, want at most %d", late, shared)
	}
}

// A message has been received when the deadline is served, and is in no
// mailbox any more.
func TestAMessageReceivedBeforeTheLastExpireIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		due := time.Now().Add(time.Second)
		steps, expired := 0, 0
		a := play(4, script[int]{
			step:     func(time.Time, int) { steps++; <-release },
			expire:   func(time.Time) { expired++; due = time.Time{}; <-release },
			deadline: func() time.Time { return due },
		})
		for i := range 3 {
			wantErr(t, a.Tell(t.Context(), i), nil)
		}
		time.Sleep(2 * time.Second) // in the first step
		release <- struct{}{}
		synctest.Wait() // in Expire
		stopped := make(chan error, 1)
		go func() { stopped <- a.Stop(t.Context()) }()
		synctest.Wait()
		close(release)
		wantErr(t, <-stopped, nil)
		if steps != 1 || expired != 1 {
			t.Errorf("%d messages taken and Expire called %d times, want 1 and 1", steps, expired)
		}
	})
}

// The deadline moves while its alarm is already on the way, again and again.
func TestAnAlarmOnItsWayDoesNotOutliveTheActor(t *testing.T) {
	for range 200 {
		due := time.Now()
		a := play(4, script[int]{
			step:     func(now time.Time, _ int) { due = now.Add(time.Microsecond) },
			expire:   func(now time.Time) { due = now.Add(time.Microsecond) },
			deadline: func() time.Time { return due },
		})
		for i := range 20 {
			wantErr(t, a.Tell(t.Context(), i), nil)
		}
		wantErr(t, a.Stop(t.Context()), nil)
	}
}
