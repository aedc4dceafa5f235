package dialing

import (
	"context"
	"errors"
	"time"
)

// raceStagger is how long an address may be silent before the next one of its
// name is tried too.
const raceStagger = 250 * time.Millisecond

// ErrLost is why an attempt ended when another one had won.
var ErrLost = errors.New("another address of the server was faster")

// stagger is the time between n attempts within ctx: each of them is begun, the last one
// with time to answer.
func stagger(ctx context.Context, n int) time.Duration {
	deadline, limited := connectBy(ctx)
	if !limited {
		return raceStagger
	}
	return min(raceStagger, time.Until(deadline)/time.Duration(n+1))
}

// Race runs up to n attempts, the next one after a while or when one fails, and returns the
// first success, or else why each that was begun failed. It cancels the others then, with
// ErrLost, and hands to drop the results they still have; when it returns, none is left.
// Attempts must return when their context ends.
func Race[T any](ctx context.Context, n int,
	attempt func(ctx context.Context, i int) (*T, error), drop func(*T),
) (won *T, failed []error) {
	type result struct {
		i   int
		got *T
		err error
	}
	running, end := context.WithCancelCause(ctx)
	defer end(ErrLost)
	results := make(chan result)
	begun, open := 0, 0
	pause := stagger(ctx, n)
	late := time.NewTimer(pause)
	defer late.Stop()
	next := func() {
		if won != nil || begun == n || ctx.Err() != nil {
			return
		}
		i := begun
		begun, open = begun+1, open+1
		late.Reset(pause)
		go func() {
			got, err := attempt(running, i)
			results <- result{i, got, err}
		}()
	}
	errs := make([]error, n)
	for next(); open > 0; {
		select {
		case r := <-results:
			open--
			switch {
			case r.err != nil:
				errs[r.i] = r.err
				next()
			case won != nil:
				drop(r.got)
			default:
				won = r.got
				end(ErrLost)
			}
		case <-late.C:
			next()
		}
	}
	return won, errs[:begun]
}
