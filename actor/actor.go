package actor

import (
	"context"
	"sync"
	"time"
)

// Behavior is the state machine an actor runs. Its methods are called by one
// goroutine, one at a time, and must not block.
type Behavior[M any] interface {
	// Step takes one message. Messages that wait together share readings of the
	// clock: now is never ahead of the time, and behind it by no more than 32
	// steps take.
	Step(now time.Time, m M)
	// Expire does whatever is due. It is called when Deadline is not after now.
	Expire(now time.Time)
	// Deadline is when Expire wants to be called next; the zero time means not
	// at all. It is read before the actor waits, and after every 32 steps.
	Deadline() time.Time
	// Stop is the last call, made once: cause is what Err will be. It must answer
	// the callers that wait for an answer to a message that was taken. Messages still in the
	// mailbox are not seen: they are abandoned afterwards, see [Abandoner].
	Stop(cause error)
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
// ends. It may be called only by the Behavior, by goroutines that it has started, and while a Hold
// lasts. It does not block. A panic in f ends
// the actor as one in a step does, since what f was to report is lost.
func (s Self[M]) Go(f func(ctx context.Context)) {
	s.group.Go(func() {
		cause := ErrStopped
		defer func() {
			if cause != ErrStopped { //nolint:errorlint // a PanicError may wrap it
				s.End(cause)
			}
		}()
		guard(&cause, func() { f(s.ctx) })
	})
}

// Hold has Stop wait until release is called, once, as it waits for a goroutine: for something that
// needs one only now and then. It may be called only by the Behavior, and by goroutines that it has
// started. It does not block.
func (s Self[M]) Hold() (release func()) {
	s.group.Add(1)
	return s.group.Done
}

// End ends the actor after the step that runs; cause, not nil, becomes its Err, unless
// it ends for another reason first. Any goroutine may call it; it does not block.
func (s Self[M]) End(cause error) {
	s.box.fault.CompareAndSwap(nil, &cause)
	s.box.knock(stopped)
}

// Actor is a running Behavior. Its Ref methods are the ones others use.
type Actor[M any] struct {
	Ref[M]
	cancel context.CancelFunc
	ended  chan struct{} // closed when the goroutines have ended too
}

// Spawn starts an actor with a mailbox of the given size (at least 1). start
// makes its Behavior and is called before Spawn returns; the loop runs until Stop or a
// panic, in a goroutine of its own while there is something to take, else in none. The caller owns the actor and must
// Stop it.
//
// If start panics so does Spawn: no actor runs, goroutines that start began
// have their context cancelled, and a Ref that start gave away answers
// ErrStopped.
func Spawn[M any](size int, start func(self Self[M]) Behavior[M]) *Actor[M] {
	ctx, cancel := context.WithCancel(context.Background())
	box := &mailbox[M]{ch: make(chan letter[M], max(size, 1)), done: make(chan struct{})}
	box.awake.Store(true)
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
	lp := newLoop(box, b, group)
	box.begin = func() {
		over := true
		defer func() {
			if over {
				cancel() // before Wait: the goroutines watch ctx
				group.Wait()
				close(a.ended)
			}
		}()
		over = !lp.run()
	}
	go box.begin()
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
	a.box.knock(stopped)
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
