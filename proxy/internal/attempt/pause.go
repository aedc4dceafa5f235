package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// The pauses between turns: full jitter below a ceiling that doubles.
const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 2 * time.Second
	pauseBroke = 5 * time.Second // without tokens
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

// draw is a duration in [0, d), by chance.
func (e *Env) draw(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(e.Draw(int64(d)))
}

// pause is the time to the next attempt; false: there is not enough left for one. Without
// tokens, or when the call's budget is over, it is long: calls are not given up for want
// of tokens, they come less often.
func (c *Call) pause(env *Env, broke bool) (time.Duration, bool) {
	wait := 1 + env.draw(c.ceiling(env.Now))
	least, left := pauseLeast, c.until.Sub(env.Now)
	if broke {
		least, wait = pauseFirst, max(wait, brokePause(env, left))
	}
	late := c.late(env)
	if late > 0 {
		least, wait = late, max(wait, late+env.draw(late))
	}
	c.pauses++
	wait, enough := fitted(env, wait, least, left)
	if enough && wait < late {
		wait = late + env.draw(left/2-late+1)
	}
	return wait, enough
}

// fitted is a pause that leaves time for an attempt after it: one that would take
// more than half of what is left is drawn anew, from a quarter to half of that, so
// that callers with the same deadline do not come together. The call is given up
// only when that half is less than the least pause there is.
func fitted(env *Env, wait, least, left time.Duration) (fits time.Duration, enough bool) {
	switch {
	case left/2 < least:
		return 0, false
	case wait > left/2:
		return left/4 + env.draw(left/4), true
	}
	return wait, true
}

// late is the least pause of a call whose budget is over, which grows with the fleet;
// zero: it has none, or it is not over.
func (c *Call) late(env *Env) time.Duration {
	if c.LandBy.IsZero() || env.Now.Before(c.LandBy) {
		return 0
	}
	return min(max(fleet(env.View, latesPerServer), lateLeast), lateMost)
}

// fleet is the time in which every agent of the cluster does something once, when each
// server takes so many a second.
func fleet(view *messages.View, perServer int) time.Duration {
	nodes := min(view.NumNodes(), 1<<30)
	return time.Duration(nodes) * time.Second / time.Duration(perServer*max(view.Len(), 1))
}

// ceiling is the longest pause before the next turn over the servers. It doubles
// from turn to turn, but not for a call with a budget: what is left of that
// bounds it, so that a call retries faster, not slower, until its budget is over.
func (c *Call) ceiling(now time.Time) time.Duration {
	ceiling := min(pauseFirst<<min(c.pauses, 10), pauseMost)
	if !c.LandBy.IsZero() {
		ceiling = min(ceiling, max(c.LandBy.Sub(now)/8, pauseFirst))
	}
	return ceiling
}

// brokePause is the pause of a call without tokens: between half of pauseBroke
// and all of it, and no more than half of what is left, so that there is always
// another attempt.
func brokePause(env *Env, left time.Duration) time.Duration {
	most := max(min(pauseBroke, left/2), pauseFirst)
	return most/2 + env.draw(most/2)
}
