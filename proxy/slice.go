package proxy

import (
	"context"
	"errors"
	"time"
)

// The slice of a budget that one attempt gets in the first turn over the servers:
// at most sliceMost, which is less than it takes to be sure that a server is
// silent; at least sliceLeast, also when the call is nearly late.
const (
	sliceMost  = 2 * time.Second
	sliceLeast = 500 * time.Millisecond
)

// errSlice is why an attempt ended before its call did.
var errSlice = errors.New("the server did not answer within its slice of the budget")

// slicing is what the attempts of one call get of its time. Slices grow from turn to
// turn, with no end but that of the call: a cluster may be slow as a whole, and an
// answer that is given up each time would never arrive, however often it is asked
// for.
type slicing struct {
	landBy time.Time     // end of the budget; zero: there is none
	began  time.Time     // the attempt under way
	length time.Duration // of the longest so far; beyond the first turn, of each
	grown  bool          // the first turn is over
	cut    bool          // in this turn an attempt ended with its slice, unanswered
}

// firstSlice is how long an attempt of the first turn may take when the call has until
// by and so many servers are known: every one of them gets a turn, and one slice is
// left over for the answer. Where the last answer took pace, this one may take twice
// that, if as much is left for another server.
func firstSlice(now, by time.Time, servers int, pace time.Duration) time.Duration {
	left := by.Sub(now)
	even := min(max(left/time.Duration(servers+1), sliceLeast), sliceMost)
	return max(even, min(2*pace, left/2))
}

// next is the slice of the attempt that begins now, of the time until by.
func (s *slicing) next(now, by time.Time, servers int, pace time.Duration) time.Duration {
	s.began = now
	if s.grown {
		return s.length
	}
	first := firstSlice(now, by, servers, pace)
	s.length = max(s.length, first)
	return first
}

// turn ends a turn over the servers. Only a turn that cut an attempt short makes
// the slices longer: servers that refuse at once need no more time.
func (s *slicing) turn() {
	if s.cut {
		s.length, s.grown, s.cut = 2*s.length, true, false
	}
}

// attempt bounds one attempt of a call with a budget; the others have their own
// bounds in the pool.
func (c *call) attempt(ctx context.Context, servers int) (context.Context, context.CancelFunc) {
	if c.landBy.IsZero() {
		return ctx, func() {}
	}
	now := time.Now()
	return context.WithTimeoutCause(ctx, c.next(now, c.sliceBy(ctx, now), servers, time.Duration(c.proxy.pace.Load())), errSlice)
}

// sliceBy is the end of the time that is sliced: that of the budget or, once that is
// over and nothing is in a hurry any more, that of the call.
func (c *call) sliceBy(ctx context.Context, now time.Time) time.Time {
	if now.Before(c.landBy) {
		return c.landBy
	}
	if at, ok := ctx.Deadline(); ok {
		return at
	}
	if c.until.IsZero() { // it is the first attempt
		return now.Add(c.proxy.cfg.RetryTimeout)
	}
	return c.until
}

// landed remembers how long the answer took, for the first slices of the next call.
func (c *call) landed() {
	if !c.landBy.IsZero() {
		c.proxy.pace.Store(int64(time.Since(c.began)))
	}
}

// sliced marks the error of an attempt that its slice has ended, and not the
// call's own context; whatever else ended it stands.
func (s *slicing) sliced(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	s.cut = true
	if e, ok := errors.AsType[*CallError](err); ok {
		dup := *e
		dup.Err = errSlice
		return &dup
	}
	return errSlice
}
