package actor_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

func TestAskReturnsTheAnswer(t *testing.T) {
	a := play(4, script[question]{step: func(_ time.Time, q question) { q.reply.Send(2 * q.n) }})
	for i := range 50 {
		got, err := actor.Ask(t.Context(), a.Ref, ask(i))
		if got != 2*i || err != nil {
			t.Fatalf("asked %d: %d, %v", i, got, err)
		}
	}
	wantErr(t, a.Stop(t.Context()), nil)
}

// The answer is there and the context has ended before the message is even sent,
// so Ask always finds both: many rounds, because select picks at random.
func TestACancelledAskWhoseReplyIsThereReturnsTheReply(t *testing.T) {
	const rounds = 200
	a := play(rounds, script[question]{}) // room for all: Tell never waits
	for i := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		got, err := actor.Ask(ctx, a.Ref, func(r actor.Reply[int]) question {
			r.Send(i)
			cancel()
			return question{}
		})
		if got != i || err != nil {
			t.Fatalf("round %d: %d, %v; the answer was there", i, got, err)
		}
	}
	wantErr(t, a.Stop(t.Context()), nil)
}

// The asker waits for room in the mailbox, its answer there already. On one
// processor the actor makes room and ends before the asker runs again, so Ask
// finds both.
func TestAReplyThatIsThereWhenTheActorEndsIsReturned(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for i := range 50 {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			a := play(1, script[question]{step: func(_ time.Time, q question) {
				<-release
				if q.n == 1 {
					panic("the second step")
				}
			}})
			wantErr(t, a.TryTell(question{n: 0}), nil)
			synctest.Wait()
			wantErr(t, a.TryTell(question{n: 1}), nil)
			asked := make(chan error, 1)
			go func() {
				got, err := actor.Ask(t.Context(), a.Ref, func(r actor.Reply[int]) question {
					r.Send(i)
					return question{n: 2}
				})
				if got != i && err == nil {
					err = fmt.Errorf("answer %d, want %d", got, i)
				}
				asked <- err
			}()
			synctest.Wait()
			close(release)
			wantErr(t, <-asked, nil)
			wantErr(t, a.Stop(t.Context()), nil)
		})
	}
}

func TestAnAskEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waiting []question
		a := play(1, script[question]{step: func(_ time.Time, q question) { waiting = append(waiting, q) }})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		got, err := actor.Ask(ctx, a.Ref, ask(1))
		wantErr(t, err, context.DeadlineExceeded)
		if d := time.Since(begin); got != 0 || d != time.Second {
			t.Fatalf("answer %d after %v, want none after 1s", got, d)
		}
		wantErr(t, a.Stop(t.Context()), nil)
		if len(waiting) != 1 {
			t.Fatalf("%d messages taken, want 1: giving up does not take one back", len(waiting))
		}
		if !waiting[0].reply.Send(1) {
			t.Fatal("an answer to a caller that gave up was refused")
		}
	})
}

func TestAnAskThatFindsNoRoomEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		a := play(1, script[question]{step: func(time.Time, question) { <-release }})
		wantErr(t, a.TryTell(question{}), nil)
		synctest.Wait()
		wantErr(t, a.TryTell(question{}), nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := actor.Ask(ctx, a.Ref, ask(1))
		wantErr(t, err, context.DeadlineExceeded)
		close(release)
		wantErr(t, a.Stop(t.Context()), nil)
	})
}

func TestAReplyIsAnsweredOnce(t *testing.T) {
	r := actor.NewReply[string]()
	if !r.Awaited() {
		t.Error("a new Reply is not awaited")
	}
	if !r.Send("first") {
		t.Error("the first answer was refused")
	}
	if r.Send("second") {
		t.Error("a second answer was accepted")
	}
	if got := <-r.Chan(); got != "first" {
		t.Errorf("received %q, want the first answer", got)
	}
}

func TestTheZeroReplyTakesNoAnswer(t *testing.T) {
	var r actor.Reply[string]
	if r.Awaited() {
		t.Error("the zero Reply is awaited")
	}
	if r.Send("to nobody") {
		t.Error("the zero Reply accepted an answer")
	}
	if r.Chan() != nil {
		t.Error("the zero Reply has a channel")
	}
}
