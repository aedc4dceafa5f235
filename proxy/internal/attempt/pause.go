package attempt

import "time"

// The pauses between turns: full jitter below a ceiling that doubles.
const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 2 * time.Second
	pauseBroke = 5 * time.Second // without tokens
)

// pauseLanding is the least ceiling of a call with a budget that is not over: below it
// the ceiling does not sink, however little is left.
const pauseLanding = 250 * time.Millisecond

// pausing is where a call is between its attempts.
type pausing struct {
	waited   bool // the call paused before it was sent at all
	pauses   int  // taken so far in this episode
	landing  bool // one was fitted into what was left of the budget
	closing  bool // one was fitted into what was left of the call
	spent    bool // there is no time left: the pause is the last
	hopeless bool // it began for want of a server that may be well
}

// draw is a duration in [0, d), by chance.
func (e *Env) draw(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(e.Draw(int64(d)))
}

// between is a duration in [low, high), by chance; low if there is nothing between.
func (e *Env) between(low, high time.Duration) time.Duration { return low + e.draw(high-low) }

// pause is the time to the next attempt. Without tokens, or when the call's budget is
// over, it is long: calls are not given up for want of tokens, they come less often.
func (c *Call) pause(env *Env, broke bool, spread time.Duration) Action {
	if c.until.IsZero() {
		c.episode(env.Now)
	}
	c.hopeless = !c.verdict.Pause && !broke && !Hopeful(env.View)
	left := c.until.Sub(env.Now)
	var least, wait time.Duration
	switch late := c.late(env); {
	case late > 0:
		least = late
		wait = env.between(late, max(2*late, min(late<<min(c.pauses+1, 10), fleet(env.View, dialsPerServer))))
	case spread > 0:
		wait = env.between(0, spread)
	default:
		wait = c.fitBudget(env, 1+env.draw(c.ceiling(env)))
	}
	if broke {
		least = max(least, pauseFirst)
		wait = max(wait, brokePause(env, left))
	}
	c.pauses++
	do := Action{Do: Pause, For: c.fit(env, wait, least, left)}
	if c.spent {
		do.Why = c.spentWhy()
	}
	return do
}

// fit is a pause that leaves time for an attempt behind it. One that would not is drawn
// anew, once, from all that is left: callers that have their deadline in common do not
// come more often, nor together, before it. Whoever has had that waits for the end, and
// does not leave early, to be back at once with the next call; a server that is found
// meanwhile is still tried.
func (c *Call) fit(env *Env, wait, least, left time.Duration) time.Duration {
	room := left - min(left/4, time.Second)
	switch {
	case wait <= room:
		return wait
	case !c.closing && least < room:
		c.closing = true
		return env.between(least, room)
	}
	c.spent = true
	return max(left, 0)
}

// fitBudget is a pause that does not carry the call over the end of its budget
// unless one was fitted into that already. From then on it is late.
func (c *Call) fitBudget(env *Env, wait time.Duration) time.Duration {
	left := c.LandBy.Sub(env.Now)
	switch {
	case c.LandBy.IsZero(), wait < left:
		return wait
	case !c.landing && left >= lateLeast:
		c.landing = true
		return env.between(0, left)
	}
	late := lateLeastOf(env.View)
	return left + env.between(late, 2*late)
}

// ceiling is the longest pause of a prompt call before its next turn. It doubles from
// turn to turn, in a large fleet beyond what is usual, as far as the call's time allows.
// In a call with a budget it sinks again towards the end, as one that must land
// retries faster, not slower, until then; but not in a large fleet.
func (c *Call) ceiling(env *Env) time.Duration {
	n := min(c.pauses, 10)
	if c.LandBy.IsZero() {
		return min(pauseFirst<<n, max(pauseMost, min(fleet(env.View, dialsPerServer), c.until.Sub(c.start)/4)))
	}
	least := min(max(fleet(env.View, landingsPerServer), pauseLanding), landingMost)
	return min(max(pauseFirst, least/8)<<n, max(least, min(c.LandBy.Sub(env.Now)/8, pauseMost)))
}

// brokePause is the pause of a call without tokens: between half of pauseBroke
// and all of it, and no more than half of what is left, so that there is always
// another attempt.
func brokePause(env *Env, left time.Duration) time.Duration {
	most := max(min(pauseBroke, left/2), pauseFirst)
	return env.between(most/2, most)
}
