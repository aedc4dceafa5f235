package actor_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// deposit and balance are the messages of an account. In real code they would
// be a sealed set.
type (
	message any
	deposit struct{ amount int }
	balance struct{ reply actor.Reply[int] }
)

// account owns its total: no lock, since only its actor's goroutine calls it.
type account struct{ total int }

func (a *account) Step(_ time.Time, m message) {
	switch m := m.(type) {
	case deposit:
		a.total += m.amount
	case balance:
		m.reply.Send(a.total)
	}
}

func (a *account) Expire(time.Time)    {}
func (a *account) Deadline() time.Time { return time.Time{} } // nothing is ever due
func (a *account) Stop(error)          {}

func Example() {
	ctx := context.Background()
	acc := actor.Spawn(16, func(actor.Self[message]) actor.Behavior[message] { return new(account) })

	for _, amount := range []int{10, 20, 12} {
		if err := acc.Tell(ctx, deposit{amount}); err != nil {
			fmt.Println(err)
		}
	}
	total, err := actor.Ask(ctx, acc.Ref, func(r actor.Reply[int]) message { return balance{r} })
	fmt.Println(total, err)

	fmt.Println(acc.Stop(ctx))
	fmt.Println(acc.TryTell(deposit{1}))
	// Output:
	// 42 <nil>
	// <nil>
	// actor: stopped
}

// A panic ends the actor; Err is its cause.
func ExamplePanicError() {
	ctx := context.Background()
	acc := play(1, script[balance]{
		step: func(time.Time, balance) { panic("out of money") },
	})
	_, err := actor.Ask(ctx, acc.Ref, func(r actor.Reply[int]) balance { return balance{r} })
	if p, ok := errors.AsType[*actor.PanicError](err); ok {
		fmt.Println(p.Value, len(p.Stack) > 0)
	}
	fmt.Println(err)
	fmt.Println(acc.Stop(ctx))
	// Output:
	// out of money true
	// actor: panic: out of money
	// <nil>
}
