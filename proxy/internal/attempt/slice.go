package attempt

import "time"

// The slice of its time that one attempt gets in the first pass over the servers: at
// least sliceLeast, also when the call is nearly late; at most sliceMost, which is less
// than it takes to be sure that a server is silent, or slicePatient where the call has
// much time, since some calls take theirs.
const (
	sliceLeast   = 500 * time.Millisecond
	sliceMost    = 2 * time.Second
	slicePatient = 5 * time.Second
)

// firstSlice is how long an attempt of the first pass may take when there is so much time
// left and so many servers are known: every one of them gets an attempt, and one slice is
// left over for the answer. Where such calls usually take pace, this one may take twice
// that, if as much is left for another server.
func firstSlice(left time.Duration, servers int, most, pace time.Duration) time.Duration {
	even := min(max(left/time.Duration(servers+1), sliceLeast), most)
	return max(even, min(2*pace, left/2))
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
	case !c.AnswerBy.IsZero():
		return c.sized(c.sliceBy(env.Now).Sub(env.Now), env.View.Len(), sliceMost, env.Pace)
	case c.Patient, c.Block > 0 && !c.Repeatable:
		return 0
	case c.Block > 0: // longer than its hold time and the sixteenth that servers add (Nomad 2.0.6, nomad/rpc.go, blockingRPC)
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

// sliceBy is the end of the time that is sliced in a call with a soft deadline: that or,
// once it is over, the end of the call.
func (c *Call) sliceBy(now time.Time) time.Time {
	switch {
	case now.Before(c.AnswerBy):
		return c.AnswerBy
	case !c.Deadline.IsZero():
		return c.Deadline
	case c.until.IsZero(): // it is the first attempt
		return now.Add(c.RetryTimeout)
	}
	return c.until
}
