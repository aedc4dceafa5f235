package proxy

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses between turns: full jitter below a ceiling that doubles.
const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 2 * time.Second
	pauseBroke = 5 * time.Second // when the retry budget is broke
)

// pause waits before the next attempt, unless that would be too late. When the
// retry budget is broke it waits for long: calls are not given up for want of
// tokens, they come less often.
func (c *call) pause(ctx context.Context, broke bool) error {
	now := time.Now()
	wait := 1 + rand.N(c.ceiling(now))
	if broke {
		wait = max(wait, brokePause(c.until.Sub(now)))
	}
	c.pauses++
	if now.Add(wait).After(c.until) {
		return ErrRetriesSpent
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.proxy.owner.Done():
		return ErrStopped
	}
}

// ceiling is the longest pause before the next turn over the servers. It doubles
// from turn to turn, but not for a call with a budget: what is left of that
// bounds it, so that a call that is late retries faster, not slower.
func (c *call) ceiling(now time.Time) time.Duration {
	ceiling := min(pauseFirst<<min(c.pauses, 10), pauseMost)
	if !c.landBy.IsZero() {
		ceiling = min(ceiling, max(c.landBy.Sub(now)/8, pauseFirst))
	}
	return ceiling
}

// brokePause is the pause of a call without tokens: between half of pauseBroke
// and all of it, and no more than half of what is left, so that there is always
// another attempt.
func brokePause(left time.Duration) time.Duration {
	most := max(min(pauseBroke, left/2), pauseFirst)
	return most/2 + rand.N(most/2)
}
