package attempt

import "time"

// The slice of its time that one attempt gets in the first turn over the servers: at
// least sliceLeast, also when the call is nearly late; at most sliceMost, which is less
// than it takes to be sure that a server is silent, or slicePatient where the call has
// much time, since some calls take theirs.
const (
	sliceLeast   = 500 * time.Millisecond
	sliceMost    = 2 * time.Second
	slicePatient = 5 * time.Second
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
// left over for the answer. Where such calls usually take pace, this one may take twice
// that, if as much is left for another server.
func firstSlice(left time.Duration, servers int, most, pace time.Duration) time.Duration {
	even := min(max(left/time.Duration(servers+1), sliceLeast), most)
	return max(even, min(2*pace, left/2))
}

// turn ends a turn over the servers. Only a turn that cut an attempt short makes
// the slices longer: servers that refuse at once need no more time.
func (s *slicing) turn() {
	if s.cut {
		s.length, s.grown, s.cut = 2*s.length, true, false
	}
}

// sized is the slice of the attempt that begins now.
func (s *slicing) sized(left time.Duration, servers int, most, pace time.Duration) time.Duration {
	if s.grown {
		return s.length
	}
	first := firstSlice(left, servers, most, pace)
	s.length = max(s.length, first)
	return first
}

// slice is how long the attempt that begins now may take until the server begins to
// answer; 0: it is not bounded here. Calls that must not be repeated get what they have.
func (c *Call) slice(env *Env) time.Duration {
	c.began = env.Now
	left := c.until.Sub(env.Now)
	switch {
	case !c.LandBy.IsZero():
		return c.sized(c.sliceBy(env.Now).Sub(env.Now), env.View.Len(), sliceMost, env.Pace)
	case c.Patient, c.Block > 0 && !c.Repeatable:
		return 0
	case c.Block > 0: // longer than it was to be held, and the sixteenth that servers add
		if c.Deadline.IsZero() || left > c.RetryTimeout {
			left = c.RetryTimeout
		}
		return c.Block + c.Block/16 + c.sized(left, env.View.Len(), slicePatient, 0)
	}
	whole := max(left, sliceLeast)
	if !c.Deadline.IsZero() {
		whole = 0 // the caller sees to that
	}
	if !c.Repeatable || !c.othersKnown(env) {
		return whole
	}
	slice := c.sized(left, env.View.Len(), min(max(left/8, sliceMost), slicePatient), env.Pace)
	if slice >= left {
		return whole
	}
	return slice
}

// othersKnown reports whether there is another server than the one that has the call now
// which may be well: else there is no reason to leave it.
func (c *Call) othersKnown(env *Env) bool {
	for r := range env.View.Ranking() {
		if r.Server.Addr != c.server && hopeful(r.Health) {
			return true
		}
	}
	return false
}

// sliceBy is the end of the time that a budget's slices are of: its own or, once that is
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
