package actor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Behavior is the state machine an actor runs. Its methods are called by one
// goroutine, one at a time, and must not block.
type Behavior[M any] interface {
	// Step takes one message.
	Step(now time.Time, m M)
	// Expire does whatever is due. It is called when Deadline is not after now.
	Expire(now time.Time)
	// Deadline is when Expire wants to be called next; the zero time means not
	// at all. It is read after every Step and Expire.
	Deadline() time.Time
	// Stop is the last call, made once: cause is ErrStopped or a *PanicError.
	// Messages still in the mailbox are not seen.
	Stop(cause error)
}

// errGoexit is the Value of a PanicError whose Behavior did not panic but ended
// the actor's goroutine, as testing.T.FailNow does.
var errGoexit = errors.New("runtime.Goexit was called")

// PanicError is why an actor ended whose Behavior panicked. If Behavior.Stop
// panics as well, the first panic stays the cause.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // where, as debug.Stack writes it
}

func (e *PanicError) Error() string { return fmt.Sprintf("actor: panic: %v", e.Value) }

// Unwrap gives the panic's value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Self is an actor as its own Behavior sees it.
type Self[M any] struct {
	box   *mailbox[M]
	ctx   context.Context
	group *sync.WaitGroup
}

// Ref is the actor's own address.
func (s Self[M]) Ref() Ref[M] { return Ref[M]{box: s.box} }

// Go runs f in a goroutine that Stop waits for; ctx is cancelled when the actor
// ends. It may be called only by the Behavior. It does not block. A panic in f
// is not the actor's: it ends the program.
func (s Self[M]) Go(f func(ctx context.Context)) {
	s.group.Go(func() { f(s.ctx) })
}

// Actor is a running Behavior. Its Ref methods are the ones others use.
type Actor[M any] struct {
	Ref[M]
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutines have ended too
}

// Spawn starts an actor with a mailbox of the given size (at least 1). start
// makes its Behavior and is called before Spawn returns; the loop runs in a
// goroutine of its own until Stop or a panic. The caller owns the actor and must
// Stop it.
//
// If start panics so does Spawn: no actor runs, goroutines that start began
// have their context cancelled, and a Ref that start gave away answers
// ErrStopped.
func Spawn[M any](size int, start func(self Self[M]) Behavior[M]) *Actor[M] {
	ctx, cancel := context.WithCancel(context.Background())
	box := &mailbox[M]{ch: make(chan M, max(size, 1)), done: make(chan struct{})}
	group := new(sync.WaitGroup)
	a := &Actor[M]{Ref: Ref[M]{box: box}, cancel: cancel, ended: make(chan struct{})}
	running := false
	defer func() {
		if !running {
			box.end(ErrStopped)
			cancel()
		}
	}()
	b := start(Self[M]{box: box, ctx: ctx, group: group})
	running = true
	go func() {
		defer close(a.ended)
		defer group.Wait()
		defer cancel() // before Wait: the goroutines watch ctx
		run(ctx, box, b)
	}()
	return a
}

// Stop ends the actor after the step it is in, and blocks until its goroutines
// have ended. If ctx ends first, the answer is ctx.Err and the actor goes on
// ending by itself. Otherwise it is nil, also for an actor that panicked: why it
// ended is Err.
//
// Any number of calls is fine, from any goroutine but those Stop waits for: the
// actor's own and the ones started with Self.Go.
func (a *Actor[M]) Stop(ctx context.Context) error {
	a.cancel()
	select {
	case <-a.ended:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-a.ended:
		return nil
	default:
		return ctx.Err()
	}
}

// run is the actor's life: the loop, then the last call, then done. The end is
// deferred so that it comes even if the Behavior ends the goroutine.
func run[M any](ctx context.Context, box *mailbox[M], b Behavior[M]) {
	cause := ErrStopped
	defer func() { box.end(cause) }()
	defer guard(&cause, func() { b.Stop(cause) })
	guard(&cause, func() { take(ctx, box, b) })
}

// take is the loop itself. The timer is touched only when the deadline moved.
func take[M any](ctx context.Context, box *mailbox[M], b Behavior[M]) {
	var armed time.Time // the deadline the timer is set to; zero: stopped
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		if at := b.Deadline(); !at.Equal(armed) {
			if armed = at; at.IsZero() {
				timer.Stop()
			} else {
				timer.Reset(time.Until(at))
			}
		}
		select {
		case <-ctx.Done():
			return
		case m := <-box.ch:
			if ctx.Err() != nil {
				return // stopped: what is in the mailbox is taken no further
			}
			b.Step(time.Now(), m)
		case <-timer.C:
			if ctx.Err() != nil {
				return // nor is a deadline that came due in the last step
			}
			armed = time.Time{}
			b.Expire(time.Now())
		}
	}
}

// guard runs f. If f does not return, cause becomes the *PanicError that says
// why, unless it is one already: the first counts. A panic ends here;
// runtime.Goexit cannot be held and goes on.
func guard(cause *error, f func()) {
	returned := false
	defer func() {
		v := recover()
		if v == nil && !returned {
			v = errGoexit
		}
		if v != nil && *cause == ErrStopped { //nolint:errorlint // a PanicError may wrap it
			*cause = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	f()
	returned = true
}
