package main

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// mailboxSize is the capacity of the mailboxes and channels that are compared.
const mailboxSize = 64

const tellChunk, askChunk = 512, 64

// endless is the context of Tell and Ask: the actor stops after the last of them, and
// the bare channel takes no context.
var endless = context.Background()

// request is the message of the actor; a zero reply is not sent.
type request struct {
	n     int
	reply actor.Reply[int]
}

// counter is an actor that adds up its messages.
type counter struct{ sum int }

func (c *counter) Step(_ time.Time, r request) {
	c.sum += r.n
	r.reply.Send(r.n)
}
func (*counter) Expire(time.Time)    {}
func (*counter) Deadline() time.Time { return time.Time{} }
func (*counter) Stop(error)          {}

// bare is a channel whose receiving goroutine does the same.
type bare struct {
	ch   chan bareRequest
	done chan struct{}
	sum  int
}

type bareRequest struct {
	n     int
	reply chan int
}

func newBare() *bare {
	b := &bare{ch: make(chan bareRequest, mailboxSize), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		for r := range b.ch {
			b.sum += r.n
			if r.reply != nil {
				r.reply <- r.n
			}
		}
	}()
	return b
}

func (b *bare) stop() {
	close(b.ch)
	<-b.done
}

func (b *bare) tell(n int) error {
	for range n {
		b.ch <- bareRequest{n: 1}
	}
	return nil
}

func (b *bare) ask(n int) error {
	for range n {
		r := bareRequest{n: 1, reply: make(chan int, 1)}
		b.ch <- r
		<-r.reply
	}
	return nil
}

func mailboxWorks() []work {
	return []work{{name: "tell", open: openTell}, {name: "ask", open: openAsk}}
}

func openTell(context.Context) (*setup, error) {
	return openMailbox(tellChunk, (*bare).tell, func(a *actor.Actor[request], n int) error {
		for range n {
			if err := a.Tell(endless, request{n: 1}); err != nil {
				return err
			}
		}
		return nil
	})
}

func openAsk(context.Context) (*setup, error) {
	return openMailbox(askChunk, (*bare).ask, func(a *actor.Actor[request], n int) error {
		for range n {
			_, err := actor.Ask(endless, a.Ref, func(r actor.Reply[int]) request { return request{n: 1, reply: r} })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func openMailbox(chunk int, least func(*bare, int) error, do func(*actor.Actor[request], int) error) (*setup, error) {
	a := actor.Spawn(mailboxSize, func(actor.Self[request]) actor.Behavior[request] { return new(counter) })
	b := newBare()
	return &setup{
		slice: sliceOfMemory,
		close: func() error { b.stop(); return a.Stop(context.Background()) },
		entrants: []entrant{
			sequence(ours, chunk, func(n int) error { return do(a, n) }),
			sequence(floor, chunk, func(n int) error { return least(b, n) }),
		},
	}, nil
}
