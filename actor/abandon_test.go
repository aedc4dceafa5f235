package actor_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// errand is a message whose sender waits, and learns if it was not processed.
type errand struct{ reply actor.Reply[error] }

func (e errand) Abandon(cause error) { e.reply.Abandon(cause) }

// errDone answers an errand.
var errDone = errors.New("done")

func doErrand(_ time.Time, e errand) { e.reply.Send(errDone) }

// Senders race with the end of the actor: through Tell and TryTell, with a mailbox
// that is full and one that is not, with one end or the other. Whatever was accepted
// is answered, once. To look for longer, use -count.
func TestEveryMessageThatWasAcceptedIsAnsweredHoweverTheActorEnds(t *testing.T) {
	const senders, rounds, most = 8, 300, 1000
	processed, abandoned := 0, 0
	for i := range rounds {
		var self actor.Self[errand]
		a := actor.Spawn(1<<(i%6), func(s actor.Self[errand]) actor.Behavior[errand] {
			self = s
			n := 0
			return script[errand]{step: func(now time.Time, e errand) {
				if n++; i%4 == 0 && n == 20 {
					explode("kaboom")
				}
				doErrand(now, e)
			}}
		})
		accepted := make(chan errand, most)
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				tell := func(e errand) error { return a.Tell(context.Background(), e) }
				if s%2 == 0 {
					tell = a.TryTell
				}
				for len(accepted) < most-senders {
					e := errand{actor.NewReply[error]()}
					switch err := tell(e); err {
					case nil:
						accepted <- e
					case actor.ErrFull:
						runtime.Gosched()
					default:
						return
					}
				}
			})
		}
		for range i % 50 {
			runtime.Gosched()
		}
		if i%4 == 1 {
			self.End(io.ErrUnexpectedEOF)
		}
		if i%4 >= 2 {
			wantErr(t, a.Stop(t.Context()), nil)
		}
		<-a.Done()
		all.Wait()
		close(accepted)
		for e := range accepted {
			select {
			case err := <-e.reply.Chan():
				if err == errDone {
					processed++
				} else {
					wantErr(t, err, a.Err())
					abandoned++
				}
			default: // another sender has taken it out of the mailbox, and is about to answer it
				wantErr(t, answered(t, e), a.Err())
				abandoned++
			}
			if len(e.reply.Chan()) != 0 {
				t.Fatal("a message has two answers")
			}
		}
		wantErr(t, a.Stop(t.Context()), nil)
	}
	if processed == 0 || abandoned == 0 {
		t.Fatalf("%d messages processed, %d abandoned: nothing has raced", processed, abandoned)
	}
}

// answered waits for an answer that another goroutine is about to send.
func answered(t *testing.T, e errand) error {
	t.Helper()
	select {
	case err := <-e.reply.Chan():
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("a message that was accepted is not answered")
		return nil
	}
}

func TestMessagesInTheMailboxAndInHandAreAbandonedWithTheCause(t *testing.T) {
	for name, end := range map[string]func(a *actor.Actor[errand], self actor.Self[errand]){
		"Stop":    func(a *actor.Actor[errand], _ actor.Self[errand]) { go a.Stop(context.Background()) },
		"End":     func(_ *actor.Actor[errand], self actor.Self[errand]) { self.End(io.EOF) },
		"a panic": nil,
		"Goexit":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				var self actor.Self[errand]
				a := actor.Spawn(4, func(s actor.Self[errand]) actor.Behavior[errand] {
					self = s
					first := true
					return script[errand]{step: func(now time.Time, e errand) {
						if first {
							first = false
							<-release
							doErrand(now, e)
							return
						}
						switch name {
						case "a panic":
							explode("kaboom")
						case "Goexit":
							runtime.Goexit()
						}
						t.Error("a second message was processed")
					}}
				})
				var sent []errand
				for range 4 {
					e := errand{actor.NewReply[error]()}
					wantErr(t, a.Tell(t.Context(), e), nil)
					sent = append(sent, e)
					synctest.Wait()
				}
				if end != nil {
					end(a, self)
					synctest.Wait()
				}
				close(release)
				<-a.Done()
				wantErr(t, <-sent[0].reply.Chan(), errDone)
				for _, e := range sent[1:] {
					wantErr(t, <-e.reply.Chan(), a.Err())
				}
				wantErr(t, a.Stop(t.Context()), nil)
			})
		})
	}
}

// The answer of an actor that ends is no answer to an Ask: a zero value would pass for one.
func TestAnAskThatIsAbandonedReturnsTheActorsErr(t *testing.T) {
	for range 500 {
		a := play(4, script[inquiry]{})
		asked := make(chan error, 4)
		for range cap(asked) {
			go func() {
				_, err := actor.Ask(context.Background(), a.Ref, func(r actor.Reply[bool]) inquiry { return inquiry{r} })
				asked <- err
			}()
		}
		runtime.Gosched()
		wantErr(t, a.Stop(t.Context()), nil)
		for range cap(asked) {
			wantErr(t, <-asked, actor.ErrStopped)
		}
	}
}

// inquiry is a message whose answer, when it is abandoned, gives no reason.
type inquiry struct{ reply actor.Reply[bool] }

func (i inquiry) Abandon(error) { i.reply.Abandon(false) }

func TestTheFirstCauseThatEndIsGivenCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var self actor.Self[int]
		var seen error
		a := actor.Spawn(1, func(s actor.Self[int]) actor.Behavior[int] {
			self = s
			return script[int]{stop: func(cause error) { seen = cause }}
		})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { self.End(io.EOF) })
		}
		all.Wait()
		<-a.Done()
		self.End(io.ErrUnexpectedEOF)
		wantErr(t, a.Err(), io.EOF)
		wantErr(t, seen, io.EOF)
		wantErr(t, a.TryTell(1), io.EOF)
		wantErr(t, a.Stop(t.Context()), nil)
		wantErr(t, a.Err(), io.EOF)
	})
}

func TestAPanicInTheStepThatCallsEndIsTheCause(t *testing.T) {
	var self actor.Self[int]
	a := actor.Spawn(1, func(s actor.Self[int]) actor.Behavior[int] {
		self = s
		return script[int]{step: func(time.Time, int) { self.End(io.EOF); explode("kaboom") }}
	})
	wantErr(t, a.Tell(t.Context(), 1), nil)
	<-a.Done()
	wantPanic(t, a.Err(), "kaboom")
	wantErr(t, a.Stop(t.Context()), nil)
}

func TestAMessageSentWhileTheActorBeginsIsAbandonedIfItDoesNot(t *testing.T) {
	e := errand{actor.NewReply[error]()}
	func() {
		defer func() { _ = recover() }()
		actor.Spawn(1, func(self actor.Self[errand]) actor.Behavior[errand] {
			wantErr(t, self.Ref().TryTell(e), nil)
			panic("no start")
		})
	}()
	wantErr(t, <-e.reply.Chan(), actor.ErrStopped)
}

func TestAReplyThatIsAbandonedKeepsTheAnswerItHas(t *testing.T) {
	r := actor.NewReply[int]()
	if !r.Send(1) || r.Abandon(2) {
		t.Error("an answer was taken for none")
	}
	if got := <-r.Chan(); got != 1 {
		t.Errorf("received %d, want the answer", got)
	}
	var none actor.Reply[int]
	if none.Abandon(1) {
		t.Error("the zero Reply accepted an answer")
	}
}

// pointed is a message that is a pointer: of none there is nothing to abandon.
type pointed struct{ reply actor.Reply[int] }

func (p *pointed) Abandon(error) { p.reply.Abandon(0) }

// An actor whose Deadline panics where no message was taken, or none since it rested, abandons none.
func TestAnActorThatEndsWithoutAMessageAbandonsNone(t *testing.T) {
	for _, taken := range []int{0, 1, 2} {
		left := taken
		a := play(4, script[*pointed]{
			step: func(_ time.Time, p *pointed) { left--; p.reply.Send(0) },
			deadline: func() time.Time {
				if left == 0 {
					panic("no deadline")
				}
				return time.Time{}
			},
		})
		for range taken {
			if _, err := actor.Ask(t.Context(), a.Ref, func(r actor.Reply[int]) *pointed { return &pointed{r} }); err != nil {
				t.Fatal(err)
			}
		}
		<-a.Done()
		if _, is := errors.AsType[*actor.PanicError](a.Err()); !is {
			t.Fatalf("after %d messages: %v", taken, a.Err())
		}
		wantErr(t, a.Stop(t.Context()), nil)
	}
}
