package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Config says what a call is. It may be changed between two attempts.
type Config struct {
	Repeatable   bool          // a second execution does no harm
	Block        time.Duration // how long the server was asked to hold it; 0: it is no blocking query
	LandBy       time.Time     // end of its budget; zero: it has none
	Deadline     time.Time     // of its caller; zero: there is none
	RetryTimeout time.Duration // how long it is tried without a Deadline
}

// Env is what a decision depends on besides the call. It is only read.
type Env struct {
	Now    time.Time
	View   *messages.View
	Draw   func(n int64) int64 // a number in [0, n), n > 0
	Tokens Tokens
	Pace   time.Duration // how long the last answer to a call with a budget took; 0: unknown
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
	Pause           // wait for For
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
)

// Action is what to do next.
type Action struct {
	Do     Do
	Server messages.Server
	Limit  time.Duration
	For    time.Duration
	Why    Why
}

// Call is the state of one call on its way over the servers. The zero value with its
// Config set is a call that was not tried yet.
type Call struct {
	Config
	slicing

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
	pauses   int       // taken so far
	until    time.Time // no retry after it; zero: not counted yet
}

// Attempts is how often the call was sent, the attempt under way included; of a
// blocking query since it was last held for long.
func (c *Call) Attempts() int { return c.attempts }

// fewAttempts is how often a call is sent whose trouble is not in the agent's own
// cluster. Servers choose one of another region's by chance, each time anew.
const fewAttempts = 3

// Next is what to do now: before the first attempt, and after each pause and failure.
func (c *Call) Next(env *Env) Action {
	if c.failed {
		c.failed = false
		if why, over := c.settle(env.View); over {
			return Action{Do: End, Why: why}
		}
		// What reached no server, or one that cannot serve it, cost none anything.
		broke := c.last.Outcome != NotSent && !c.verdict.Denied && !env.Tokens.Spend()
		if c.verdict.Pause || broke || !c.verdict.Denied && !c.othersLeft(env.View) {
			wait, enough := c.pause(env, broke)
			if !enough {
				return Action{Do: End, Why: NoTime}
			}
			return Action{Do: Pause, For: wait}
		}
	}
	server, some := c.pick(env.View)
	if !some {
		return c.await(env)
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
	return Action{Do: End, Why: NoServers}
}

// Failed takes note of how the attempt under way failed. What is wrong with the server is
// for others to hear before Next is asked, so that its view knows of it.
func (c *Call) Failed(now time.Time, f Failure) Verdict {
	c.failed, c.last, c.verdict = true, f, f.Judge(c.Repeatable)
	c.cut = c.cut || f.Kind == Cut
	if c.held = c.wasHeld(now, f); c.held {
		c.attempts = 1 // its failure is the first of an episode
	}
	if c.held || c.until.IsZero() {
		c.episode(now)
	}
	return c.verdict
}

// Moved takes note that the attempt under way ended only because the call is to be made
// elsewhere, which is no failure.
func (c *Call) Moved(now time.Time) {
	c.attempts--
	c.failed, c.held = false, false
	c.episode(now)
}

// Answered is how long the attempt under way took, if that tells what to expect of the
// next call.
func (c *Call) Answered(now time.Time) (pace time.Duration, tells bool) {
	if c.LandBy.IsZero() {
		return 0, false
	}
	return now.Sub(c.began), true
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
	if !v.Retry || v.Few && c.few >= fewAttempts {
		return Failed, true
	}
	if c.denied = c.denied || v.Denied; !c.denied {
		return 0, false
	}
	// A server that fails is not waited for where another one has answered.
	_, left := c.untried(view)
	return Refused, !left
}

// Verdict is what the last failure means.
func (c *Call) Verdict() Verdict { return c.verdict }
