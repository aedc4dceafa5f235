package actor

import (
	"context"
	"errors"
	"sync/atomic"
)

// ErrStopped is the error of sending to an actor that has been stopped, or of waiting
// for its answer.
var ErrStopped = errors.New("actor: stopped")

// ErrFull is TryTell's answer when the mailbox has no room.
var ErrFull = errors.New("actor: mailbox full")

// mailbox is the state that an actor's loop and its refs share.
type mailbox[M any] struct {
	ch     chan letter[M]        // never closed
	knocks atomic.Uint32         // signals to the loop other than messages
	fault  atomic.Pointer[error] // what Self.End gave; nil: it was not called
	done   chan struct{}         // closed once the loop has ended and err is set
	err    error                 // why it ended; read only after done or ended
	awake  atomic.Bool           // a goroutine runs the loop, or never will again
	begin  func()                // the loop, once more; set before awake is false
}

// letter is an entry of a mailbox: a message, or a knock.
type letter[M any] struct {
	m     M
	knock bool
}

// What knocks say.
const (
	stopped uint32 = 1 << iota // Stop was called
	due                        // the deadline may be over
	ended                      // err is set; for senders, not for the loop
)

// knock tells the loop something that is no message, and waits for nothing. The
// loop looks at what was knocked after everything it receives: one that finds the
// mailbox full has something to receive, and needs no letter. A letter takes the
// room of a message until the step that runs has ended.
func (b *mailbox[M]) knock(what uint32) {
	b.knocks.Or(what)
	select {
	case b.ch <- letter[M]{knock: true}:
		b.wake()
	default:
	}
}

// wake follows what was put into the mailbox: it sees to it that the loop runs.
func (b *mailbox[M]) wake() {
	if !b.awake.Load() && b.awake.CompareAndSwap(false, true) {
		go b.begin()
	}
}

// rest ends the right to run the loop, and reports true, unless something has come in. Whoever
// puts something in looks at awake behind that, and rest at the mailbox behind awake: one of
// the two sees the other. (It is a Swap, as a load may be done before a store.)
func (b *mailbox[M]) rest() bool {
	b.awake.Swap(false)
	return len(b.ch) == 0 || !b.awake.CompareAndSwap(false, true)
}

// next takes what is there and waits for nothing.
func (b *mailbox[M]) next(l *letter[M]) bool {
	select {
	case *l = <-b.ch:
		return true
	default:
		return false
	}
}

// end stores why the actor ended, releases the goroutines that wait, and abandons the
// messages that are left in the mailbox. It is called once.
func (b *mailbox[M]) end(cause error) {
	b.err = cause
	b.knocks.Or(ended)
	close(b.done) // before there is room: a Tell that waits for some fails
	b.abandon()
}

// abandon empties the mailbox of an actor that has ended. The actor does so after it
// has recorded that it ended, and each sender that finds this recorded after it has put a
// message in does so too: one of the two sees the message.
func (b *mailbox[M]) abandon() {
	for l := (letter[M]{}); b.next(&l); {
		l.abandon(b.err)
	}
}

// abandon answers the sender that waits for the message.
func (l letter[M]) abandon(cause error) {
	if m, ok := any(l.m).(Abandoner); ok && !l.knock {
		m.Abandon(cause)
	}
}

// Abandoner is a message whose sender may wait for an answer. Abandon is called
// when the actor ends without having processed the message, with the actor's Err,
// and must answer with [Reply.Abandon]. It may be called after an answer. It must
// neither block nor panic.
type Abandoner interface{ Abandon(cause error) }

// Ref is the address of an actor that takes messages of type M. It is a small
// comparable value, safe for use by any number of goroutines. The zero Ref
// addresses no actor: sending to it answers ErrStopped.
type Ref[M any] struct {
	box *mailbox[M]
}

// Tell puts m into the mailbox. It blocks until there is room, ctx ends
// (ctx.Err) or the actor ends (its Err). A nil error means that m is in the
// mailbox, not that it was processed: an actor that ends abandons what it has
// not taken, see [Abandoner]. Where there is room, m is sent even if ctx has ended
// already.
func (r Ref[M]) Tell(ctx context.Context, m M) error {
	// Compared as it is, not unwrapped: an actor that panicked with the
	// ErrFull of another one has ended, however much its error wraps that.
	if err := r.TryTell(m); err != ErrFull { //nolint:errorlint // see above
		return err
	}
	select {
	case r.box.ch <- letter[M]{m: m}:
		r.box.sent()
		return nil
	case <-r.box.done:
		return r.box.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TryTell is Tell that never blocks: a full mailbox is ErrFull, an actor that has
// ended answers its Err.
func (r Ref[M]) TryTell(m M) error {
	if r.box == nil {
		return ErrStopped
	}
	if r.box.knocks.Load()&ended != 0 {
		return r.box.err
	}
	select {
	case r.box.ch <- letter[M]{m: m}:
		r.box.sent()
		return nil
	default:
		return ErrFull
	}
}

// sent follows a message that was put into the mailbox: the actor may have ended
// meanwhile, and looks there no more.
func (b *mailbox[M]) sent() {
	b.wake()
	if b.knocks.Load()&ended != 0 {
		b.abandon()
	}
}

// Done is closed when the actor's loop has ended.
func (r Ref[M]) Done() <-chan struct{} {
	if r.box == nil {
		return closedChan
	}
	return r.box.done
}

// Err is nil while the actor runs, then ErrStopped after Stop, a *PanicError after a
// panic, or what [Self.End] was given.
func (r Ref[M]) Err() error {
	if r.box == nil {
		return ErrStopped
	}
	if r.box.knocks.Load()&ended == 0 { // what a Tell looks at: behind one that was refused this is why
		return nil
	}
	return r.box.err
}

// closedChan is the Done of the zero Ref.
var closedChan = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()
