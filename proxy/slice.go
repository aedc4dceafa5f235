package proxy

import (
	"context"
	"errors"
	"time"
)

// The slice of a budget that one attempt gets: at most sliceMost, which is less
// than it takes to be sure that a server is silent; at least sliceLeast, also
// when the call is late.
const (
	sliceMost  = 2 * time.Second
	sliceLeast = 500 * time.Millisecond
)

// errSlice is why an attempt ended before its call did.
var errSlice = errors.New("the server did not answer within its slice of the budget")

// slice is how long one attempt may take when the call should land at landBy and
// so many servers are known: every one of them gets a turn, and one slice is left
// over for the answer.
func slice(now, landBy time.Time, servers int) time.Duration {
	even := landBy.Sub(now) / time.Duration(servers+1)
	return min(max(even, sliceLeast), sliceMost)
}

// attempt bounds one attempt of a call with a budget; the others have their own
// bounds in the pool.
func (c *call) attempt(ctx context.Context, servers int) (context.Context, context.CancelFunc) {
	if c.landBy.IsZero() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, slice(time.Now(), c.landBy, servers), errSlice)
}

// sliced marks the error of an attempt that its slice has ended, and not the
// call's own context; whatever else ended it stands.
func sliced(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*CallError](err); ok {
		dup := *e
		dup.Err = errSlice
		return &dup
	}
	return errSlice
}
