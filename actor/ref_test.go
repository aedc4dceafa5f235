package actor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

func TestMessagesAreTakenInTheOrderTheyWereSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		a := play(2, script[int]{step: func(_ time.Time, m int) { got = append(got, m) }})
		for i := range 100 {
			wantErr(t, a.Tell(t.Context(), i), nil)
		}
		synctest.Wait()
		wantErr(t, a.Stop(t.Context()), nil)
		for i, m := range got {
			if i != m {
				t.Fatalf("message %d came at place %d", m, i)
			}
		}
		if len(got) != 100 {
			t.Fatalf("%d messages taken, want 100", len(got))
		}
	})
}

func TestAFullMailboxRefusesTryTell(t *testing.T) {
	for _, size := range []int{-1, 0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			a, taken, release := blocker(size)
			wantErr(t, a.TryTell(-1), nil)
			<-taken // the mailbox is empty again, the actor busy
			for i := range max(size, 1) {
				wantErr(t, a.TryTell(i), nil)
			}
			wantErr(t, a.TryTell(99), actor.ErrFull)
			close(release)
			synctest.Wait()
			wantErr(t, a.TryTell(100), nil)
			wantErr(t, a.Stop(t.Context()), nil)
		})
	}
}

func TestTellToAFullMailboxWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, taken, release := blocker(1)
		wantErr(t, a.TryTell(0), nil)
		<-taken
		wantErr(t, a.TryTell(1), nil)

		sent := make(chan error, 1)
		go func() { sent <- a.Tell(t.Context(), 2) }()
		synctest.Wait()
		if len(sent) != 0 {
			t.Fatalf("Tell returned %v although there is no room", <-sent)
		}
		close(release)
		wantErr(t, <-sent, nil)
		for want := 1; want <= 2; want++ {
			if got := <-taken; got != want {
				t.Fatalf("took %d, want %d", got, want)
			}
		}
		wantErr(t, a.Stop(t.Context()), nil)
	})
}

func TestTellToAFullMailboxEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, taken, release := blocker(1)
		wantErr(t, a.TryTell(0), nil)
		<-taken
		wantErr(t, a.TryTell(1), nil)

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		wantErr(t, a.Tell(ctx, 2), context.DeadlineExceeded)
		if d := time.Since(begin); d != 3*time.Second {
			t.Fatalf("Tell blocked for %v, want 3s", d)
		}
		close(release)
		synctest.Wait()
		wantErr(t, a.Stop(t.Context()), nil)
		close(taken)
		for m := range taken {
			if m == 2 {
				t.Fatal("a message whose Tell failed was taken")
			}
		}
	})
}

func TestTellToAFullMailboxEndsWithTheActor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, taken, release := blocker(1)
		wantErr(t, a.TryTell(0), nil)
		<-taken
		wantErr(t, a.TryTell(1), nil)
		const senders = 8
		sent := make(chan error, senders)
		for range senders {
			go func() { sent <- a.Tell(context.Background(), 2) }()
		}
		stopped := make(chan error, 1)
		go func() { stopped <- a.Stop(t.Context()) }()
		synctest.Wait()
		close(release)
		wantErr(t, <-stopped, nil)
		// The end frees the room of at most one message, which one of them may get.
		lucky := 0
		for range senders {
			if err := <-sent; err == nil {
				lucky++
			} else {
				wantErr(t, err, actor.ErrStopped)
			}
		}
		if lucky > 1 {
			t.Fatalf("%d messages entered a mailbox with room for one", lucky)
		}
		if len(taken) != 0 {
			t.Fatalf("message %d was taken after Stop", <-taken)
		}
	})
}

func TestAnEndedContextDoesNotKeepAMessageOutOfAMailboxWithRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := 0
		a := play(1, script[int]{step: func(_ time.Time, m int) { got = m }})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantErr(t, a.Tell(ctx, 7), nil)
		synctest.Wait()
		wantErr(t, a.Stop(t.Context()), nil)
		if got != 7 {
			t.Fatalf("took %d, want 7", got)
		}
	})
}

func TestTheZeroRefAnswersErrStopped(t *testing.T) {
	var none actor.Ref[question]
	wantErr(t, none.Tell(t.Context(), question{}), actor.ErrStopped)
	wantErr(t, none.TryTell(question{}), actor.ErrStopped)
	wantErr(t, none.Err(), actor.ErrStopped)
	_, err := actor.Ask(t.Context(), none, ask(1))
	wantErr(t, err, actor.ErrStopped)
	select {
	case <-none.Done():
	default:
		t.Fatal("the zero Ref is not done")
	}
}

func TestRefsOfOneActorAreEqual(t *testing.T) {
	var inside actor.Ref[int]
	a := actor.Spawn(1, func(self actor.Self[int]) actor.Behavior[int] {
		inside = self.Ref()
		return script[int]{}
	})
	b := play(1, script[int]{})
	if a.Ref != inside {
		t.Error("the Ref of Self is not that of the Actor")
	}
	if a.Ref == b.Ref {
		t.Error("two actors have the same Ref")
	}
	if err := errors.Join(a.Stop(t.Context()), b.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
}
