package attempt

import "time"

// episodeGap is how long an attempt of a blocking query must have been held for
// its failure to have nothing to do with the one before.
const episodeGap = 5 * time.Second

// wasBlocked reports whether an attempt that failed was held for so long, as it was asked
// to be. A refusal that took long was not: without a leader it takes 5 s (recording
// no_leader), and a server that dials a dead one waits for 10 s.
func (c *Call) wasBlocked(now time.Time, f Failure) bool {
	return c.Block > episodeGap && f.Outcome == MaybeExecuted && now.Sub(c.began) > episodeGap
}

// episode begins to count passes, pauses and time anew. Attempts that found trouble
// elsewhere stay counted: it does not pass because another one was held.
func (c *Call) episode(now time.Time) {
	c.tried, c.denied, c.pausing = c.tried[:0], false, pausing{waited: c.waited}
	c.start = now
	if c.until = c.Deadline; c.until.IsZero() {
		c.until = now.Add(c.RetryTimeout)
	}
}
