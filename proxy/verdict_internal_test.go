package proxy

import (
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// What this side has done to a session says nothing of its server.
func TestASessionThatThisSideEndedIsNoFailureOfItsServer(t *testing.T) {
	for _, cause := range []error{pool.ErrDrained, pool.ErrTooManySessions} {
		for _, c := range []struct {
			outcome pool.Outcome
			class   Class
			retry   bool
		}{
			{pool.NotSent, AtMostOnce, true},
			{pool.MaybeExecuted, AtMostOnce, false},
			{pool.MaybeExecuted, Idempotent, true},
			{pool.MaybeExecuted, Read, true},
		} {
			err := &CallError{Phase: pool.PhaseFlushed, Outcome: c.outcome, Err: fmt.Errorf("ended: %w", cause)}
			if got, want := describe(err, false).Judge(c.class.repeatable()), (attempt.Verdict{Retry: c.retry}); got != want {
				t.Errorf("%v, %v, %v: %+v, want %+v", cause, c.outcome, c.class, got, want)
			}
		}
	}
}

func TestWhichAttemptsAreMoved(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{pool.ErrMoved, true},
		{fmt.Errorf("%w: %w", pool.ErrMoved, pool.ErrRenewed), true},
		{fmt.Errorf("%w: %w", pool.ErrMoved, pool.ErrLeaving), false}, // the server failed
		{pool.ErrRenewed, false}, // it was not asked to move
		{nil, false},
	} {
		if got := moved(c.err); got != c.want {
			t.Errorf("%v: %t, want %t", c.err, got, c.want)
		}
	}
}
