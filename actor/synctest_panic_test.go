package actor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/testutil"
)

// explode is what the panicking Behaviors call; its name must be in the stack.
func explode(v any) { panic(v) }

// wantPanic checks that err is the *PanicError of explode(value).
func wantPanic(t *testing.T, err error, value any) {
	t.Helper()
	p, ok := errors.AsType[*actor.PanicError](err)
	if !ok {
		t.Fatalf("error %v, want a *PanicError", err)
	}
	if p.Value != value || !strings.Contains(p.Error(), fmt.Sprint(value)) {
		t.Errorf("panic value %v, text %q; want %v", p.Value, p, value)
	}
	if !strings.Contains(string(p.Stack), "explode") {
		t.Errorf("the stack does not show where the panic was:\n%s", p.Stack)
	}
}

func TestAPanicReachesErrAndEveryWaitingAsk(t *testing.T) {
	for name, s := range map[string]func(*script[question]){
		"in Step": func(s *script[question]) {
			s.step = func(_ time.Time, q question) {
				if q.n == 3 {
					explode("kaboom")
				}
			}
		},
		"in Expire": func(s *script[question]) {
			due := time.Now().Add(time.Second)
			s.deadline = func() time.Time { return due }
			s.expire = func(time.Time) { explode("kaboom") }
		},
		"in Deadline": func(s *script[question]) {
			taken := 0
			s.step = func(time.Time, question) { taken++ }
			s.deadline = func() time.Time {
				if taken == 4 {
					explode("kaboom")
				}
				return time.Time{}
			}
		},
		"in Stop": func(s *script[question]) {
			s.stop = func(error) { explode("kaboom") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sc script[question]
				s(&sc)
				a := play(8, sc)
				errs := make(chan error, 4)
				for i := range cap(errs) {
					go func() {
						_, err := actor.Ask(context.Background(), a.Ref, ask(i))
						errs <- err
					}()
				}
				synctest.Wait()
				time.Sleep(time.Second)
				if name == "in Stop" {
					wantErr(t, a.Stop(t.Context()), nil)
				}
				<-a.Done()
				wantPanic(t, a.Err(), "kaboom")
				for range cap(errs) {
					wantPanic(t, <-errs, "kaboom")
				}
				wantPanic(t, a.TryTell(question{}), "kaboom")
				wantPanic(t, a.Tell(t.Context(), question{}), "kaboom")
				wantErr(t, a.Stop(t.Context()), nil)
			})
		})
	}
}

func TestAPanicEndsTheGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		a := actor.Spawn(1, func(self actor.Self[int]) actor.Behavior[int] {
			self.Go(func(ctx context.Context) { defer close(ended); <-ctx.Done() })
			return script[int]{step: func(time.Time, int) { explode(io.EOF) }}
		})
		wantErr(t, a.Tell(t.Context(), 1), nil)
		<-ended
		wantPanic(t, a.Err(), io.EOF)
		if !errors.Is(a.Err(), io.EOF) {
			t.Error("the error that was the panic's value is not unwrapped")
		}
		wantErr(t, a.Stop(t.Context()), nil)
	})
}

func TestTheFirstPanicIsTheCause(t *testing.T) {
	var seen error
	a := play(1, script[int]{
		step: func(time.Time, int) { explode(actor.ErrStopped) }, // must not pass for a stop
		stop: func(cause error) { seen = cause; explode("second") },
	})
	wantErr(t, a.Tell(t.Context(), 1), nil)
	<-a.Done()
	wantPanic(t, a.Err(), actor.ErrStopped)
	wantErr(t, seen, a.Err())
	wantErr(t, a.Stop(t.Context()), nil)
}

// An actor that panics with the ErrFull of another one wraps it; a sender to it
// must not take the one for the other.
func TestAnActorThatPanickedWithErrFullIsNotFull(t *testing.T) {
	a := play(1, script[int]{step: func(time.Time, int) { explode(actor.ErrFull) }})
	wantErr(t, a.Tell(t.Context(), 1), nil)
	<-a.Done()
	for range 100 {
		wantPanic(t, a.Tell(t.Context(), 2), actor.ErrFull)
	}
	wantErr(t, a.Stop(t.Context()), nil)
}

func TestABehaviorThatEndsTheGoroutineLeavesNoCallerHanging(t *testing.T) {
	stopped := false
	a := play(1, script[question]{
		step: func(time.Time, question) { runtime.Goexit() },
		stop: func(error) { stopped = true },
	})
	_, err := actor.Ask(t.Context(), a.Ref, ask(1))
	p, ok := errors.AsType[*actor.PanicError](err)
	if !ok || !strings.Contains(p.Error(), "Goexit") {
		t.Fatalf("error %v, want a *PanicError that names Goexit", err)
	}
	wantErr(t, a.Stop(t.Context()), nil)
	wantErr(t, a.Err(), err)
	if !stopped {
		t.Error("Behavior.Stop was not called")
	}
}

func TestAPanicInStartLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble does not end before its goroutines
		var early actor.Ref[question]
		cancelled := make(chan struct{})
		func() {
			defer func() {
				if v := recover(); v != "no start" {
					t.Errorf("recovered %v, want the panic of start", v)
				}
			}()
			actor.Spawn(1, func(self actor.Self[question]) actor.Behavior[question] {
				early = self.Ref()
				self.Go(func(ctx context.Context) { <-ctx.Done(); close(cancelled) })
				panic("no start")
			})
		}()
		<-cancelled
		_, err := actor.Ask(t.Context(), early, ask(1))
		wantErr(t, err, actor.ErrStopped)
	})
}

func TestTheTextOfAPanicIsPrintableAndBoundedWhateverItsValueDoes(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	var none *testutil.WildError
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"control characters": {"a\x1b[2J\nb\xff\u202e", `a\x1b[2J\nb\xff\u202e`},
		"enormous":           {strings.Repeat("x", 1<<20), strings.Repeat("x", 512) + "... (1048576 bytes)"},
		"a number":           {7, "7"},
		"an error":           {io.EOF, "EOF"},
		"a nil pointer":      {none, "a value of type *testutil.WildError"},
		"it panics":          {&testutil.WildError{Text: func() string { panic("in it") }}, "a value of type *testutil.WildError"},
		"it panics twice":    {&testutil.WildError{Text: func() string { panic(&testutil.WildError{Text: func() string { panic("in it") }}) }}, "a value of type *testutil.WildError"},
		"it exits":           {&testutil.WildError{Text: func() string { runtime.Goexit(); return "" }}, "a value of type *testutil.WildError"},
		"it hangs":           {&testutil.WildError{Text: func() string { <-never; return "" }}, "a value of type *testutil.WildError"},
		"enormous error":     {&testutil.WildError{Text: func() string { return strings.Repeat("y", 1<<20) }}, strings.Repeat("y", 512) + "... (1048576 bytes)"},
	} {
		t.Run(name, func(t *testing.T) {
			a := play(1, script[int]{step: func(time.Time, int) { explode(c.value) }})
			wantErr(t, a.Tell(t.Context(), 1), nil)
			<-a.Done()
			if text := a.Err().Error(); !strings.HasPrefix(text, "actor: panic: ") || !strings.Contains(text, c.want) || len(text) > 600 {
				t.Errorf("%q, want %q", text, c.want)
			}
			wantErr(t, a.Stop(t.Context()), nil)
		})
	}
	if text := (&actor.PanicError{Value: "made\nelsewhere"}).Error(); text != `actor: panic: made\nelsewhere` {
		t.Errorf("%q", text)
	}
}

func TestAPanicOfAGoroutineEndsTheActor(t *testing.T) {
	for name, harm := range map[string]func(){"a panic": func() { explode("kaboom") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen error
				a := actor.Spawn(1, func(self actor.Self[int]) actor.Behavior[int] {
					return script[int]{step: func(time.Time, int) { self.Go(func(context.Context) { harm() }) }, stop: func(cause error) { seen = cause }}
				})
				wantErr(t, a.Tell(t.Context(), 1), nil)
				<-a.Done()
				p, ok := errors.AsType[*actor.PanicError](a.Err())
				if !ok || len(p.Stack) == 0 || name == "a panic" && !strings.Contains(string(p.Stack), "explode") {
					t.Errorf("%v", a.Err())
				}
				wantErr(t, seen, a.Err())
				wantErr(t, a.Tell(t.Context(), 2), a.Err())
				wantErr(t, a.Stop(t.Context()), nil)
			})
		})
	}
}
