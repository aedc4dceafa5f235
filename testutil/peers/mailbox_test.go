package peers

import (
	"context"
	"fmt"
	"testing"
	"time"

	hollywood "github.com/anthdm/hollywood/actor"

	"github.com/open-nomad/rpcproxy/actor"
)

// box takes messages one at a time, in a goroutine of its own.
type box interface {
	tell(last bool) // done is sent to when the last one was taken
	ask(n int) int  // what was asked, from over there
	stop()
}

// room is that in the mailboxes that have a bound; hollywood's has none and is
// given the same to begin with.
const room = 64

// letter is a notice or a request.
type letter struct {
	n     int
	last  bool
	reply actor.Reply[int]
}

// ours is package actor.
type ours struct {
	*actor.Actor[letter]
	done chan struct{}
}

func newOurs(done chan struct{}) box {
	o := &ours{done: done}
	o.Actor = actor.Spawn(room, func(actor.Self[letter]) actor.Behavior[letter] { return o })
	return o
}

func (o *ours) Step(_ time.Time, l letter) {
	l.reply.Send(l.n)
	if l.last {
		o.done <- struct{}{}
	}
}
func (*ours) Expire(time.Time)    {}
func (*ours) Deadline() time.Time { return time.Time{} }
func (*ours) Stop(error)          {}

func (o *ours) tell(last bool) { _ = o.Tell(context.Background(), letter{last: last}) }

func (o *ours) ask(n int) int {
	n, _ = actor.Ask(context.Background(), o.Ref, func(r actor.Reply[int]) letter { return letter{n: n, reply: r} })
	return n
}

func (o *ours) stop() { _ = o.Actor.Stop(context.Background()) }

// engine is an actor of hollywood.
type engine struct {
	*hollywood.Engine
	pid  *hollywood.PID
	done chan struct{}
}

func newEngine(done chan struct{}) box {
	e, err := hollywood.NewEngine(hollywood.NewEngineConfig())
	if err != nil {
		panic(err) // only a remote one fails to start
	}
	pid := e.SpawnFunc(func(c *hollywood.Context) {
		switch l := c.Message().(type) {
		case bool:
			if l {
				done <- struct{}{}
			}
		case int:
			c.Respond(l)
		}
	}, "peer", hollywood.WithInboxSize(room))
	return &engine{Engine: e, pid: pid, done: done}
}

func (e *engine) tell(last bool) { e.Send(e.pid, last) }

func (e *engine) ask(n int) int {
	got, _ := e.Request(e.pid, n, time.Minute).Result()
	n, _ = got.(int)
	return n
}

func (e *engine) stop() { <-e.Poison(e.pid).Done() }

// channel is a bare one with a goroutine at its end.
type channel struct {
	ch   chan bareLetter
	done chan struct{}
	end  chan struct{}
}

type bareLetter struct {
	n     int
	last  bool
	reply chan int
}

func newChannel(done chan struct{}) box {
	c := &channel{ch: make(chan bareLetter, room), done: done, end: make(chan struct{})}
	go func() {
		defer close(c.end)
		for l := range c.ch {
			if l.reply != nil {
				l.reply <- l.n
			}
			if l.last {
				done <- struct{}{}
			}
		}
	}()
	return c
}

func (c *channel) tell(last bool) { c.ch <- bareLetter{last: last} }

func (c *channel) ask(n int) int {
	reply := make(chan int, 1)
	c.ch <- bareLetter{n: n, reply: reply}
	return <-reply
}

func (c *channel) stop() {
	close(c.ch)
	<-c.end
}

var boxes = []struct {
	name string
	make func(done chan struct{}) box
}{{"ours", newOurs}, {"hollywood", newEngine}, {"channel", newChannel}}

func TestThePeersAnswerEachRequest(t *testing.T) {
	for _, peer := range boxes {
		done := make(chan struct{}, 1)
		b := peer.make(done)
		for n := 1; n < 100; n++ {
			if got := b.ask(n); got != n {
				t.Fatalf("%s: asked %d, got %d", peer.name, n, got)
			}
		}
		for n := range 100 {
			b.tell(n == 99)
		}
		<-done
		b.stop()
	}
}

// BenchmarkTell ends when the last message was taken: a mailbox without a bound
// would otherwise be measured by what it puts off.
func BenchmarkTell(b *testing.B) {
	for _, peer := range boxes {
		b.Run(fmt.Sprintf("peer=%s", peer.name), func(b *testing.B) {
			done := make(chan struct{}, 1)
			box := peer.make(done)
			defer box.stop()
			b.ReportAllocs()
			b.ResetTimer()
			for n := range b.N {
				box.tell(n == b.N-1)
			}
			<-done
		})
	}
}

func BenchmarkAsk(b *testing.B) {
	for _, peer := range boxes {
		b.Run(fmt.Sprintf("peer=%s", peer.name), func(b *testing.B) {
			box := peer.make(nil)
			defer box.stop()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if box.ask(1) != 1 {
					b.Fatal("another answer")
				}
			}
		})
	}
}
