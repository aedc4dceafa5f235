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
	pauseLeast = 5 * time.Millisecond
)

// The pauses of a call whose budget is over: its deadline is lost, and every agent of
// the fleet may have lost the same. So many of them a second are sent again to each
// server, by each agent one a second at most.
const (
	lateLeast      = time.Second
	lateMost       = 30 * time.Second
	latesPerServer = 256
)

// pause waits before the next attempt. When the retry budget is broke, or the call's
// own budget is over, it waits for long: calls are not given up for want of tokens,
// they come less often.
func (c *call) pause(ctx context.Context, broke bool) error {
	now := time.Now()
	wait := 1 + rand.N(c.ceiling(now))
	least, left := pauseLeast, c.until.Sub(now)
	if broke {
		least, wait = pauseFirst, max(wait, brokePause(left))
	}
	late := c.late(now)
	if late > 0 {
		least, wait = late, max(wait, late+rand.N(late))
	}
	c.pauses++
	wait, enough := fitted(wait, least, left)
	if !enough {
		return ErrRetriesSpent
	}
	if wait < late {
		wait = late + rand.N(left/2-late+1)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.proxy.owner.Done():
		return c.proxy.owner.Err()
	}
}

// fitted is a pause that leaves time for an attempt after it: one that would take
// more than half of what is left is drawn anew, from a quarter to half of that, so
// that callers with the same deadline do not come together. The call is given up
// only when that half is less than the least pause there is.
func fitted(wait, least, left time.Duration) (fits time.Duration, enough bool) {
	switch {
	case left/2 < least:
		return 0, false
	case wait > left/2:
		return left/4 + rand.N(left/4), true
	}
	return wait, true
}

// late is the least pause of a call whose budget is over, which grows with the fleet;
// zero: it has none, or it is not over.
func (c *call) late(now time.Time) time.Duration {
	if c.landBy.IsZero() || now.Before(c.landBy) {
		return 0
	}
	view := c.proxy.View()
	nodes, perSecond := min(view.NumNodes(), 1<<30), latesPerServer*max(view.Len(), 1)
	return min(max(time.Duration(nodes)*time.Second/time.Duration(perSecond), lateLeast), lateMost)
}

// ceiling is the longest pause before the next turn over the servers. It doubles
// from turn to turn, but not for a call with a budget: what is left of that
// bounds it, so that a call retries faster, not slower, until its budget is over.
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
