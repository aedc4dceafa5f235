package actor

import "context"

// Reply carries one answer back to an Ask. It travels inside a message. The
// zero Reply belongs to a sender that does not wait: Send on it does nothing.
type Reply[R any] struct {
	ch   chan R
	asks bool // it is that of an Ask, which watches the actor itself
}

// NewReply makes a Reply for a message that is sent with Tell and whose answer
// is awaited on [Reply.Chan]. If Tell accepts the message and that is an
// [Abandoner], the answer comes, also when the actor ends first.
func NewReply[R any]() Reply[R] {
	return Reply[R]{ch: make(chan R, 1)}
}

// Send delivers v and never blocks. It is false if the answer went nowhere:
// no caller waits, or an earlier answer has not been received yet. True does not
// mean that v will be received: the caller may have given up. A message is
// answered once; a second answer, sent after the first was received, is lost.
func (r Reply[R]) Send(v R) bool {
	if r.ch == nil {
		return false
	}
	select {
	case r.ch <- v:
		return true
	default:
		return false
	}
}

// Abandon is Send for an actor that ends: v means that the message was not processed.
// An Ask does not receive it: it returns the actor's Err.
func (r Reply[R]) Abandon(v R) bool { return !r.asks && r.Send(v) }

// Chan yields the answer, once.
func (r Reply[R]) Chan() <-chan R { return r.ch }

// Awaited reports whether a goroutine can receive what Send delivers.
func (r Reply[R]) Awaited() bool { return r.ch != nil }

// Ask sends the message that build makes around a Reply and waits for the
// answer. It blocks until the answer is there, ctx ends (ctx.Err) or the actor
// ends (its Err). An answer that is there when ctx or the actor ends wins. When
// Ask gives up the message stays sent: the actor may still act on it.
//
// Ask itself allocates the reply's channel and nothing else: one allocation if R
// holds no pointers, two if it does.
func Ask[M, R any](ctx context.Context, to Ref[M], build func(Reply[R]) M) (R, error) {
	reply := Reply[R]{ch: make(chan R, 1), asks: true}
	if err := to.Tell(ctx, build(reply)); err != nil {
		var none R
		return none, err
	}
	select {
	case v := <-reply.ch:
		return v, nil
	case <-ctx.Done():
		return late(reply, ctx.Err())
	case <-to.box.done:
		return late(reply, to.box.err)
	}
}

// late prefers an answer that is already there over the reason to stop waiting.
func late[R any](reply Reply[R], err error) (R, error) {
	select {
	case v := <-reply.ch:
		return v, nil
	default:
		var none R
		return none, err
	}
}
