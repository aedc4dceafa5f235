package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Config says what a call is. It may be changed between two attempts.
type Config struct {
	Repeatable   bool          // a second execution does no harm
	Block        time.Duration // how long the server was asked to hold it; 0: it is no blocking query
	Patient      bool          // its caller says how long a server may take: nothing but a budget is sliced
	LandBy       time.Time     // end of its budget; zero: it has none
	Deadline     time.Time     // of its caller; zero: there is none
	RetryTimeout time.Duration // how long it is tried without a Deadline
	Avoid        string        // the server that leaves calls like it unanswered; empty: none is known to
}

// Env is what a decision depends on besides the call. It is only read.
type Env struct {
	Now    time.Time
	View   *messages.View
	Draw   func(n int64) int64 // a number in [0, n), n > 0
	Tokens Tokens
	Pace   time.Duration // how long such a call usually takes; 0: unknown
}

// Tokens bound how fast the calls of an agent are sent again.
type Tokens interface {
	// Spend takes what sending a call again costs, or reports that there is none.
	Spend() bool
}

// Do is a kind of Action.
type Do uint8

// What to do.
const (
	Try   Do = iota // send it to Server, for Limit at most; 0: as long as it takes
	Pause           // wait for For, or until Resumes says that it is over
	Await           // there is no server: wait for another view, for For at most
	End             // give it up for Why
)

// Why is why a call is given up.
type Why uint8

// Reasons.
const (
	Failed    Why = iota // its last failure is its result
	Refused              // no server is left that may serve it: the last Denied failure is its result
	NoTime               // it could be tried again, and there is no time left for that
	NoServers            // no server is known
	Breaks               // connections broke under it as often as it was sent: no other server is to have it
)

// Action is what to do next.
type Action struct {
	Do     Do
	Server messages.Server
	Limit  time.Duration // until the server begins to answer
	For    time.Duration
	Why    Why // of a Pause: why the call ends with it, unless it is Resumed; Failed: it goes on
}

// Call is the state of one call on its way over the servers. The zero value with its
// Config set is a call that was not tried yet.
type Call struct {
	Config
	slicing
	pausing
	harm

	failed  bool // the last attempt has; Next has not looked at it yet
	last    Failure
	verdict Verdict

	attempts int       // in this episode; those that were moved not counted
	server   string    // of the attempt under way, or of the last one
	began    time.Time // that one
	held     bool      // it was held for long before it failed
	tried    []string  // servers that failed in this turn over the list
	denied   bool      // one of them cannot serve it
	few      int       // failures that found trouble elsewhere
	start    time.Time // of the episode
	until    time.Time // no retry after it; zero: not counted yet
}

// Attempts is how often the call was sent, the attempt under way included; of a
// blocking query since it was last held for long.
func (c *Call) Attempts() int { return c.attempts }

// Verdict is what the last failure means.
func (c *Call) Verdict() Verdict { return c.verdict }

// fewAttempts is how often a call is sent whose trouble is not in the agent's own
// cluster. Servers choose one of another region's by chance, each time anew.
const fewAttempts = 3

// Next is what to do now: before the first attempt, and after each pause and failure.
func (c *Call) Next(env *Env) Action {
	if c.Block > 0 {
		// What it is held for does not count, and pauses in a large fleet are long.
		c.RetryTimeout = max(c.RetryTimeout, queryPauses*fleet(env.View, dialsPerServer))
	} else if c.until.IsZero() {
		c.episode(env.Now)
	}
	if c.failed {
		c.failed = false
		if why, over := c.settle(env.View); over {
			return Action{Do: End, Why: why}
		}
		if c.Deadline.IsZero() && !env.Now.Before(c.until) {
			return Action{Do: End, Why: c.spentWhy()}
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
		return Action{Do: End, Why: c.spentWhy()}
	}
	if _, some := env.View.Active(); !some {
		return c.await(env)
	}
	server, some := c.pick(env.View)
	if !some { // none that is left may have it
		return Action{Do: End, Why: Breaks}
	}
	c.attempts++
	c.server = server.Addr
	return Action{Do: Try, Server: server, Limit: c.slice(env)}
}

// spentWhy is why a call ends that has no time left.
func (c *Call) spentWhy() Why {
	if len(c.broken) >= mostBroken {
		return Breaks
	}
	return NoTime
}

// await waits for a server, as long as there would be time to try it.
func (c *Call) await(env *Env) Action {
	if c.until.IsZero() {
		c.episode(env.Now)
	}
	if left := c.until.Sub(env.Now); left > 0 {
		return Action{Do: Await, For: left}
	}
	return Action{Do: End, Why: NoServers}
}

// Failed takes note of how the attempt under way failed. What is wrong with the server is
// for others to hear before Next is asked, so that its view knows of it.
func (c *Call) Failed(now time.Time, f Failure) Verdict {
	c.failed, c.last, c.verdict = true, f, f.Judge(c.Repeatable)
	c.cut = c.cut || f.Kind == Cut
	if c.held = c.wasHeld(now, f); c.held {
		c.attempts, c.harm = 1, harm{} // its failure is the first of an episode
	} else {
		c.harmed(c.server, f)
	}
	if c.held || c.until.IsZero() {
		c.episode(now)
	}
	return c.verdict
}

// Broke takes note that a connection broke under an attempt that was Cut before, and that
// had been left to go on.
func (c *Call) Broke(server string) {
	c.harmed(server, Failure{Kind: Lost, Outcome: MaybeExecuted, Broke: true})
}

// Moved takes note that the attempt under way ended only because the call is to be made
// elsewhere, which is no failure.
func (c *Call) Moved(now time.Time) {
	c.attempts--
	c.failed, c.held = false, false
	if c.Block > 0 {
		c.episode(now)
	}
}

// Answered is how long the attempt under way took, if that tells what to expect of the
// next such call.
func (c *Call) Answered(now time.Time) (pace time.Duration, tells bool) {
	return now.Sub(c.began), c.Block == 0
}

// settle ends the call if its last failure does.
func (c *Call) settle(view *messages.View) (why Why, over bool) {
	v := c.verdict
	if v.Rotate || v.Pass {
		c.tried = append(c.tried, c.server)
	}
	if v.Few {
		c.few++
	}
	switch {
	case !v.Retry, v.Few && c.few >= fewAttempts:
		return Failed, true
	case c.breaks >= mostBreaks:
		return Breaks, true
	}
	if c.denied = c.denied || v.Denied; !c.denied {
		return 0, false
	}
	// A server that fails is not waited for where another one has answered.
	_, left := c.untried(view)
	return Refused, !left
}
