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
)

// pause waits before the next attempt, unless that would be too late.
func (c *call) pause(ctx context.Context) error {
	now := time.Now()
	wait := rand.N(c.ceiling(now)) + time.Millisecond
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
