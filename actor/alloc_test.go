package actor_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

func TestTellAllocatesNothing(t *testing.T) {
	a := play(64, script[question]{})
	ctx := context.Background()
	if n := testing.AllocsPerRun(2000, func() { _ = a.Tell(ctx, question{n: 1}) }); n != 0 {
		t.Errorf("Tell: %v allocations, want 0", n)
	}
	if n := testing.AllocsPerRun(2000, func() { _ = a.TryTell(question{n: 1}) }); n != 0 {
		t.Errorf("TryTell: %v allocations, want 0", n)
	}
	wantErr(t, a.Stop(t.Context()), nil)
}

// The deadline moves with every message, as that of a server list does.
func TestADeadlineThatMovesAllocatesNothing(t *testing.T) {
	var due time.Time
	a := play(64, script[question]{
		step:     func(now time.Time, q question) { due = now.Add(time.Hour); q.reply.Send(q.n) },
		deadline: func() time.Time { return due },
	})
	ctx := context.Background()
	if n := testing.AllocsPerRun(2000, func() { _, _ = actor.Ask(ctx, a.Ref, ask(1)) }); n > 1 {
		t.Errorf("%v allocations, want that of the answer only", n)
	}
	wantErr(t, a.Stop(t.Context()), nil)
}

// The closure that builds the message holds a variable of its surroundings and
// must stay on the stack.
func TestAskAllocatesItsReplyOnly(t *testing.T) {
	ctx := context.Background()

	a := play(4, script[question]{step: func(_ time.Time, q question) { q.reply.Send(q.n) }})
	i := 0
	if n := testing.AllocsPerRun(2000, func() {
		i++
		got, err := actor.Ask(ctx, a.Ref, func(r actor.Reply[int]) question {
			return question{n: i, reply: r}
		})
		if got != i || err != nil {
			t.Errorf("asked %d: %d, %v", i, got, err)
		}
	}); n > 1 {
		t.Errorf("%v allocations for an answer without pointers, want at most 1", n)
	}
	wantErr(t, a.Stop(t.Context()), nil)

	// The runtime keeps the buffer of a channel of pointers apart.
	b := play(4, script[actor.Reply[error]]{step: func(_ time.Time, r actor.Reply[error]) { r.Send(nil) }})
	if n := testing.AllocsPerRun(2000, func() {
		_, err := actor.Ask(ctx, b.Ref, func(r actor.Reply[error]) actor.Reply[error] { return r })
		if err != nil {
			t.Error(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations for an answer with pointers, want at most 2", n)
	}
	wantErr(t, b.Stop(t.Context()), nil)
}
