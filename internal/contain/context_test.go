package contain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// ownContext is a context of others.
type ownContext struct {
	context.Context
	err error
}

func (c *ownContext) Err() error { return c.err }

func TestAContextOfPackageContextStaysAsItIs(t *testing.T) {
	limited, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	caused, end := context.WithCancelCause(limited)
	defer end(nil)
	for _, ctx := range []context.Context{
		nil, context.Background(), t.Context(), limited, caused, context.WithValue(context.WithValue(caused, t, 1), t, 2), context.WithoutCancel(limited),
	} {
		if got := contain.Context(ctx, nil); got != ctx {
			t.Errorf("%v became %v", ctx, got)
		}
		if n := testing.AllocsPerRun(10, func() { contain.Context(ctx, nil) }); n > 0 {
			t.Errorf("%v: %v allocations", ctx, n)
		}
	}
}

func TestAContextOfOthersIsGuardedOnceAndHasAnErrWhenItHasEnded(t *testing.T) {
	ends, end := context.WithTimeout(context.WithValue(t.Context(), t, "v"), time.Hour)
	defer end()
	own := &ownContext{Context: ends}
	for _, ctx := range []context.Context{own, context.WithValue(own, own, 1)} {
		got := contain.Context(ctx, nil)
		again := contain.Context(got, nil)
		derived, stop := context.WithCancel(got)
		defer stop()
		at, limited := got.Deadline()
		want, _ := ends.Deadline()
		if got == ctx || again != got || contain.Context(derived, nil) != derived || got.Err() != nil || got.Value(t) != "v" || !limited || at != want {
			t.Errorf("%v, %v", got, again)
		}
	}
	end()
	got := contain.Context(own, nil)
	if <-got.Done(); !errors.Is(got.Err(), context.Canceled) {
		t.Error(got.Err())
	}
	if own.err = context.DeadlineExceeded; !errors.Is(got.Err(), context.DeadlineExceeded) {
		t.Error(got.Err())
	}
}

func BenchmarkContext(b *testing.B) {
	ctx, stop := context.WithTimeout(context.WithValue(b.Context(), b, 1), time.Hour)
	defer stop()
	for b.Loop() {
		contain.Context(ctx, nil)
	}
}
