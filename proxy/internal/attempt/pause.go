package attempt

import (
	"slices"
	"time"
)

// The pauses between passes: full jitter below a ceiling that doubles.
const (
	pauseFirst = 50 * time.Millisecond
	pauseMost  = 2 * time.Second
	pauseBroke = 5 * time.Second // without tokens
)

// pauseEarly is the least ceiling of a call before its soft deadline, however little is
// left of that.
const pauseEarly = 250 * time.Millisecond

// pause is the time to the next attempt. Without tokens, or after the call's soft
// deadline, it is long: calls are not given up for want of tokens, they come less often.
func (c *Call) pause(env *Env, broke bool, spread time.Duration) Action {
	if c.until.IsZero() {
		c.episode(env.Now)
	}
	c.hopeless = !c.verdict.Pause && !broke && !Hopeful(env.View)
	left := c.until.Sub(env.Now)
	var least, wait time.Duration
	switch late := c.late(env); {
	case c.leavesAlone():
		least, wait = late, max(late, c.alone(env))
	case late > 0:
		least = late
		wait = env.between(late, max(2*late, min(late<<min(c.pauses+1, 10), fleet(env.View, dialsPerServer))))
	case spread > 0:
		wait = env.between(0, spread)
	default:
		wait = c.fitSoft(env, 1+env.draw(c.ceiling(env)))
	}
	if broke {
		least = max(least, pauseFirst)
		wait = max(wait, brokePause(env, left))
	}
	c.pauses++
	do := Action{Do: Pause, For: c.fit(env, wait, least, left)}
	if c.spent {
		do.Reason = c.spentReason()
	}
	return do
}

// alone is the pause until the first of them is dialed again. That is spread over the
// fleet already, and all of the agent's calls wait for the same dial: a pause of the
// call's own behind it would only keep them out longer.
func (c *Call) alone(env *Env) time.Duration {
	until := c.notBefore.Sub(env.Now) + env.draw(pauseFirst)
	c.notBefore = time.Time{}
	return max(until, 1+env.draw(min(pauseFirst<<min(c.pauses, 10), pauseMost)))
}

// fit is a pause that leaves time for an attempt behind it. One that would not is drawn
// anew, once, from all that is left: callers that have their deadline in common do not
// come more often, nor together, before it. A call that has had that waits for the end, and
// is not given up early, to be back at once with the next call; a server that is found
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

// fitSoft is a pause that does not carry the call over its soft deadline, unless one was
// fitted into what was left until then. After that deadline it is late.
func (c *Call) fitSoft(env *Env, wait time.Duration) time.Duration {
	left := c.AnswerBy.Sub(env.Now)
	switch {
	case c.AnswerBy.IsZero(), wait < left:
		return wait
	case !c.fitted && left >= lateLeast:
		c.fitted = true
		return env.between(0, left)
	}
	late := lateLeastOf(env.View)
	return left + env.between(late, 2*late)
}

// ceiling is the longest pause of a prompt call before its next pass. It doubles from
// pass to pass, in a large fleet beyond what is usual, as far as the call's time allows.
// In a call with a soft deadline it sinks again towards that, as such a call
// retries faster, not slower, until then; but not in a large fleet.
func (c *Call) ceiling(env *Env) time.Duration {
	n := min(c.pauses, 10)
	if c.AnswerBy.IsZero() {
		return min(pauseFirst<<n, max(pauseMost, min(fleet(env.View, dialsPerServer), c.lasts/4)))
	}
	least := min(max(fleet(env.View, earlyPerServer), pauseEarly), earlyMost)
	return min(max(pauseFirst, least/8)<<n, max(least, min(c.AnswerBy.Sub(env.Now)/8, pauseMost)))
}

// brokePause is the pause of a call without tokens: between half of pauseBroke
// and all of it, and no more than half of what is left, so that there is always
// another attempt.
func brokePause(env *Env, left time.Duration) time.Duration {
	most := max(min(pauseBroke, left/2), pauseFirst)
	return env.between(most/2, most)
}

// Resumes reports whether a pause need not be waited out, and for how long it still lasts:
// there was no server that may be well, and now there is one. The agent has reached it
// already, so that agents do not come together; but a call after its soft deadline comes
// once a second at most.
func (c *Call) Resumes(env *Env) (rest time.Duration, yes bool) {
	if !c.hopeless {
		return 0, false
	}
	for r := range env.View.Ranking() {
		if !hopeful(r.Health) || c.confined(!c.AnswerBy.IsZero()) && !slices.Contains(c.asked, r.Server.Addr) {
			continue
		}
		if c.past != nil {
			c.tried = slices.DeleteFunc(c.tried, func(addr string) bool { return addr == r.Server.Addr })
		}
		c.spent, c.hopeless = false, false
		if c.late(env) > 0 {
			rest = max(c.began.Add(lateLeast).Sub(env.Now), 0)
		}
		return rest, true
	}
	return 0, false
}

// spentReason is why a call ends that has no time left.
func (c *Call) spentReason() Reason {
	if c.past != nil && len(c.broken) >= mostBroken {
		return ReasonBreaks
	}
	return ReasonNoTime
}
