package dialing

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// tardy is a context whose deadline is over and whose timer has not run yet.
type tardy struct {
	context.Context
	asked chan struct{} // somebody looks at the deadline
}

func (t tardy) Deadline() (time.Time, bool) {
	select {
	case t.asked <- struct{}{}:
	default:
	}
	return time.Unix(1, 0), true
}

// A socket that has the limit as its deadline can be quicker than the context.
func TestALimitThatASocketMeetsFirstIsTheReasonAllTheSame(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	defer end(nil)
	asked, why := make(chan struct{}, 1), make(chan error, 1)
	go func() { why <- Reason(tardy{ctx, asked}, os.ErrDeadlineExceeded) }()
	select {
	case <-asked:
	case err := <-why:
		t.Fatalf("%v, without a look at the deadline", err)
	}
	over := error(&LateError{time.Second})
	end(over)
	if err := <-why; !errors.Is(err, over) {
		t.Fatalf("%v", err)
	}
}
