package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Config describes a call. It may be changed between two attempts.
type Config struct {
	Repeatable   bool          // a second execution does no harm
	Patient      bool          // its caller sets how long a server may take: only an AnswerBy is sliced
	Paced        bool          // its caller does not dial a server that cannot be reached again at once: see Failure.Until
	Block        time.Duration // the hold time asked of the server; 0: it is no blocking query
	AnswerBy     time.Time     // its soft deadline; zero: it has none
	Deadline     time.Time     // of its caller; zero: there is none
	RetryTimeout time.Duration // how long it is tried without a Deadline
	Avoid        string        // the server that leaves calls like it unanswered; empty: none is known to
}

// RetryTimeout is Config.RetryTimeout where nothing else is configured.
const RetryTimeout = 30 * time.Second

// Env is what a decision depends on besides the call. It is only read.
type Env struct {
	Now    time.Time
	View   *messages.View
	Draw   func(n int64) int64 // a number in [0, n), n > 0
	Tokens Tokens
	Pace   time.Duration // how long such a call usually takes; 0: unknown
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

// Tokens bound how fast the calls of an agent are sent again.
type Tokens interface {
	// Spend takes what sending a call again costs, or reports that there is none.
	Spend() bool
}

// Do is a kind of Action.
type Do uint8

// What to do.
const (
	Try    Do = iota // send it to Server, for Limit at most; 0: as long as it takes
	Pause            // wait for For, or until Resumes reports true
	Await            // there is no server: wait for another view, for For at most
	GiveUp           // the call ends for Reason
)

// Reason is why a call is given up.
type Reason uint8

// Reasons.
const (
	ReasonFailed    Reason = iota // its last failure is its result
	ReasonRefused                 // no server is left that may serve it: the last Denied failure is its result
	ReasonNoTime                  // it could be tried again, and there is no time left for that
	ReasonNoServers               // no server is known
	ReasonBreaks                  // connections broke under it as often as it was sent: no other server is to have it
)

// Action is the next step of a call.
type Action struct {
	Do     Do
	Server messages.Server
	Limit  time.Duration // until the server begins to answer
	For    time.Duration
	Reason Reason // of GiveUp; of a Pause: why the call ends after it unless Resumes reports true, ReasonFailed if it goes on
}

// Call is the state of one call on its way over the servers. The zero value with its
// Config set is a call that was not tried yet.
type Call struct {
	Config
	*past
	slicing
	pausing

	failed   bool // the last attempt has; Next has not looked at it yet
	blocked  bool // it was blocked at the server for long before it failed
	denied   bool // a server of this pass cannot serve it
	verdict  Verdict
	attempts int32         // in this episode; those that were moved not counted
	few      int32         // failures whose verdict was Few
	server   string        // of the attempt under way, or of the last one
	began    time.Time     // that one
	until    time.Time     // no retry after it; zero: not counted yet
	lasts    time.Duration // from the beginning of the episode until then
}

// noted is the past to write to.
func (c *Call) noted() *past {
	if c.past == nil {
		c.past = new(past)
	}
	return c.past
}

// slicing is the part of a call's time that its attempts get. Slices grow from pass to
// pass, with no end but that of the call: a cluster may be slow as a whole, and an
// answer that is given up each time would never arrive, however often it is asked
// for.
type slicing struct {
	length time.Duration // of the longest so far; beyond the first pass, of each
	grown  bool          // the first pass is complete
	cut    bool          // in this pass an attempt ended with its slice, unanswered
}

// endPass ends a pass over the servers. Only a pass that cut an attempt short makes
// the slices longer: servers that refuse at once need no more time.
func (s *slicing) endPass() {
	if s.cut {
		s.length, s.grown, s.cut = 2*s.length, true, false
	}
}

// pausing is where a call is between its attempts.
type pausing struct {
	pauses   int32 // taken so far in this episode
	waited   bool  // the call paused before it was sent at all
	fitted   bool  // one was fitted into what was left until AnswerBy
	closing  bool  // one was fitted into what was left of the call
	spent    bool  // there is no time left: the pause is the last
	hopeless bool  // it began for want of a server that may be well
}

// Attempts is how often the call was sent, the attempt under way included; of a
// blocking query since it was last blocked at a server for long.
func (c *Call) Attempts() int { return int(c.attempts) }

// Verdict is the meaning of the last failure.
func (c *Call) Verdict() Verdict { return c.verdict }

// Began is when the attempt under way began, or the last one.
func (c *Call) Began() time.Time { return c.began }

// episodeGap is how long an attempt of a blocking query must have been blocked for
// its failure to have nothing to do with the one before.
const episodeGap = 5 * time.Second

// wasBlocked reports whether an attempt that failed was blocked for so long, as it was asked
// to be. A refusal that took long was not: without a leader it takes 5 s (recording
// no_leader), and a server that dials a dead one waits for 10 s (Nomad 2.0.6, helper/pool/pool.go).
func (c *Call) wasBlocked(now time.Time, f Failure) bool {
	return f.Outcome == MaybeExecuted && c.heldLong(now)
}

// heldLong reports whether the attempt under way is a blocking query's, and has lasted for so long.
func (c *Call) heldLong(now time.Time) bool {
	return c.Block > episodeGap && now.Sub(c.began) > episodeGap
}

// confine ends a blocking query soon that no other server is to have. What its failures leave until
// then makes that no later.
func (c *Call) confine(now time.Time) {
	if c.confinedBy.IsZero() {
		c.confinedBy = now.Add(confinedMost)
	}
	if c.until.After(c.confinedBy) {
		c.until = c.confinedBy
	}
}

// episode begins to count passes, pauses and time anew. Attempts that found trouble
// elsewhere stay counted: it does not pass because another one was blocked.
func (c *Call) episode(now time.Time) {
	c.denied, c.pausing = false, pausing{waited: c.waited}
	if c.forget(); c.past != nil {
		c.notBefore = time.Time{}
	}
	if c.until = c.Deadline; c.until.IsZero() {
		c.until = now.Add(c.RetryTimeout)
	}
	c.lasts = c.until.Sub(now)
}
