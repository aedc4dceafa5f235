package attempt

import "time"

// The slice of a budget that one attempt gets in the first turn over the servers:
// at most sliceMost, which is less than it takes to be sure that a server is
// silent; at least sliceLeast, also when the call is nearly late.
const (
	sliceMost  = 2 * time.Second
	sliceLeast = 500 * time.Millisecond
)

// slicing is what the attempts of one call get of its time. Slices grow from turn to
// turn, with no end but that of the call: a cluster may be slow as a whole, and an
// answer that is given up each time would never arrive, however often it is asked
// for.
type slicing struct {
	length time.Duration // of the longest so far; beyond the first turn, of each
	grown  bool          // the first turn is over
	cut    bool          // in this turn an attempt ended with its slice, unanswered
}

// firstSlice is how long an attempt of the first turn may take when there is so much time
// left and so many servers are known: every one of them gets a turn, and one slice is
// left over for the answer. Where the last answer took pace, this one may take twice
// that, if as much is left for another server.
func firstSlice(left time.Duration, servers int, pace time.Duration) time.Duration {
	even := min(max(left/time.Duration(servers+1), sliceLeast), sliceMost)
	return max(even, min(2*pace, left/2))
}

// turn ends a turn over the servers. Only a turn that cut an attempt short makes
// the slices longer: servers that refuse at once need no more time.
func (s *slicing) turn() {
	if s.cut {
		s.length, s.grown, s.cut = 2*s.length, true, false
	}
}

// slice is how long the attempt that begins now may take; 0: it is not bounded here.
func (c *Call) slice(env *Env) time.Duration {
	c.began = env.Now
	if c.LandBy.IsZero() {
		return 0
	}
	if c.grown {
		return c.length
	}
	first := firstSlice(c.sliceBy(env.Now).Sub(env.Now), env.View.Len(), env.Pace)
	c.length = max(c.length, first)
	return first
}

// sliceBy is the end of the time that is sliced: that of the budget or, once that is
// over and nothing is in a hurry any more, that of the call.
func (c *Call) sliceBy(now time.Time) time.Time {
	switch {
	case now.Before(c.LandBy):
		return c.LandBy
	case !c.Deadline.IsZero():
		return c.Deadline
	case c.until.IsZero(): // it is the first attempt
		return now.Add(c.RetryTimeout)
	}
	return c.until
}
