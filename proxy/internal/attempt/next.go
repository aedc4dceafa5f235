package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// fewAttempts is how often a call is sent whose trouble is not in the agent's own
// cluster, or which other servers are likely to refuse as well. Servers choose one of
// another region's by chance, each time anew.
const fewAttempts = 3

// Next is the step to take now: before the first attempt, and after each pause and failure.
func (c *Call) Next(env *Env) Action {
	if c.Block > 0 {
		// Its hold time does not count, and pauses in a large fleet are long.
		c.RetryTimeout = max(c.RetryTimeout, queryPauses*fleet(env.View, dialsPerServer))
	} else if c.until.IsZero() {
		c.episode(env.Now)
	}
	if c.failed {
		c.failed = false
		if reason, ends := c.settle(env.View); ends {
			return Action{Do: GiveUp, Reason: reason}
		}
		if c.Deadline.IsZero() && !env.Now.Before(c.until) {
			return Action{Do: GiveUp, Reason: c.spentReason()}
		}
		// What reached no server, or one that cannot serve it, cost none anything.
		broke := c.last.Outcome != NotSent && !c.verdict.Denied && !env.Tokens.Spend()
		spread := c.spread(env.View)
		if c.verdict.Pause || broke || spread > 0 || !c.verdict.Denied && !c.othersLeft(env.View) {
			return c.pause(env, broke, spread)
		}
	}
	if c.waits(env.View) {
		return c.pause(env, false, fleet(env.View, dialsPerServer))
	}
	if c.spent {
		return Action{Do: GiveUp, Reason: c.spentReason()}
	}
	if _, hasActive := env.View.Active(); !hasActive {
		return c.await(env)
	}
	server, found := c.pick(env.View)
	if !found { // none that is left may have it
		return Action{Do: GiveUp, Reason: ReasonBreaks}
	}
	c.attempts++
	c.server = server.Addr
	return Action{Do: Try, Server: server, Limit: c.slice(env)}
}

// await waits for a server, as long as there would be time to try it.
func (c *Call) await(env *Env) Action {
	if c.until.IsZero() {
		c.episode(env.Now)
	}
	if left := c.until.Sub(env.Now); left > 0 {
		return Action{Do: Await, For: left}
	}
	return Action{Do: GiveUp, Reason: ReasonNoServers}
}

// Failed records how the attempt under way failed. The owner of the
// server list must hear of the failure before Next is called, so that the view shows it.
func (c *Call) Failed(now time.Time, f Failure) Verdict {
	p := c.noted()
	c.failed, p.last, c.verdict = true, f, f.Judge(c.Repeatable)
	c.cut = c.cut || f.Kind == Cut
	if c.blocked = c.wasBlocked(now, f); c.blocked {
		c.attempts = 1 // its failure is the first of an episode
		c.absolve()
	} else {
		p.harmed(c.server, f)
	}
	if c.blocked || c.until.IsZero() {
		c.episode(now)
	}
	if c.Block > 0 && p.confined(!c.AnswerBy.IsZero()) {
		c.confine(now)
	}
	p.left(f)
	return c.verdict
}

// Broke records that a connection broke under an attempt that was Cut before, and that
// had been left to go on.
func (c *Call) Broke(server string) {
	c.noted().harmed(server, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
}

// Moved records that the attempt under way ended only because the call is to be made
// elsewhere, which is no failure. A blocking query that was blocked for long until then has
// done its server no harm, nor those before it.
func (c *Call) Moved(now time.Time) {
	c.attempts--
	c.failed, c.blocked = false, false
	if c.heldLong(now) {
		c.attempts = 0
		c.absolve()
	}
	if c.Block > 0 {
		c.episode(now)
	}
}

// Answered is how long the attempt under way took, if that is a measure for the
// next such call.
func (c *Call) Answered(now time.Time) (pace time.Duration, tells bool) {
	return now.Sub(c.began), c.Block == 0
}

// settle ends the call if its last failure does.
func (c *Call) settle(view *messages.View) (reason Reason, ends bool) {
	v := c.verdict
	if v.Rotate || v.Pass {
		c.tried = append(c.tried, c.server)
	}
	if v.Few {
		c.few++
	}
	switch {
	case !v.Retry, v.Few && c.few >= fewAttempts:
		return ReasonFailed, true
	case c.breaks >= mostBreaks:
		return ReasonBreaks, true
	}
	if c.denied = c.denied || v.Denied; !c.denied {
		return 0, false
	}
	// A server that fails is not waited for where another one has answered.
	_, left := c.untried(view)
	return ReasonRefused, !left
}
