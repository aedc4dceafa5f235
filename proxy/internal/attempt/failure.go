package attempt

import "time"

// Kind is why an attempt failed, as far as it decides what happens next.
type Kind uint8

// The zero value ends the call.
const (
	// Final is an answer like any other, or the fault of the caller's own arguments,
	// reply or context. Asking again would give the same.
	Final Kind = iota
	// Lost: no session came up, or it broke, or the server did not answer as long as
	// it may.
	Lost
	// Cut: the attempt's Limit has ended it. The server may only be slow.
	Cut
	// Withdrawn: this side has ended the session.
	Withdrawn
	// Crowded: this side had no room for the answer.
	Crowded
	// Reset: the stream has ended and its session lives.
	Reset
	// Denied: this server cannot serve the call at all: it is of another
	// region or version.
	Denied
	// Misplaced: the server is of another region than the agent: it can serve
	// none of its calls.
	Misplaced
	// Behind: the server does not know something which it may yet learn, and
	// which another one may know.
	Behind
	// Foreign: the call is not for the leader of the agent's own cluster, and the leader
	// that it is for is in trouble.
	Foreign
	// Leaderless: the server refused it for want of a leader that is ready.
	Leaderless
	// Stopping: the server which answered is shutting down.
	Stopping
	// Unled: the leader behind the server could not be reached, or is changing.
	Unled
	// Limited: this server has too much to do, and others may not.
	Limited
	// Throttled: the cluster has too much to do.
	Throttled
)

// Outcome is what a failed attempt may have done at the server: pool.Outcome, which this
// package does not import.
type Outcome uint8

// The zero value is the careful one.
const (
	MaybeExecuted Outcome = iota // the server may have acted on it
	NotSent                      // no server has seen it
	Rejected                     // a server refused it before anything happened
)

// Failure is how an attempt failed.
type Failure struct {
	Kind    Kind
	Outcome Outcome
	Broke   bool      // the connection broke under it after it was sent, as it does when its server dies
	Silent  bool      // this side has ended the session, because nothing came in: no other agent has in the same instant
	Until   time.Time // its server is not dialed before, and nothing was sent; zero: it was dialed
}

// Verdict is what a failure means for the call and for the server.
type Verdict struct {
	Rotate bool // the server failed: another one goes in front
	Pass   bool // this call tries the others first, the server stays in front
	Retry  bool // the call may be sent again
	Pause  bool // the cluster needs a moment: wait before sending again
	Denied bool // the server cannot serve the call: it is asked no more, another one is at once
	Few    bool // others may be no better: there are only a few attempts
}

// Judge is the one place that decides what may be sent again. repeatable is a call whose
// second execution does no harm.
func (f Failure) Judge(repeatable bool) Verdict {
	again := f.Outcome == NotSent || repeatable
	refused := f.Outcome == Rejected || repeatable
	switch f.Kind {
	case Final:
		return Verdict{}
	case Lost:
		return Verdict{Rotate: true, Retry: again}
	case Cut, Reset:
		// The session lives, and with it the server: the call goes elsewhere, and
		// whether the server is left is for others to find out.
		return Verdict{Pass: true, Retry: again}
	case Withdrawn:
		return Verdict{Retry: again} // the server is not to blame
	case Crowded:
		return Verdict{Retry: again, Pause: true} // nor here; other answers have to be taken first
	case Denied:
		return Verdict{Pass: true, Retry: refused, Denied: true}
	case Misplaced:
		return Verdict{Rotate: true, Retry: refused, Denied: true}
	case Behind:
		// Most often no server knows it: a fleet that asks must not ask all of them.
		return Verdict{Pass: true, Retry: refused, Denied: true, Few: true}
	case Foreign:
		// Each attempt may find another server there.
		return Verdict{Pass: true, Retry: refused, Pause: true, Few: true}
	case Leaderless:
		return Verdict{Rotate: true, Retry: refused, Pause: true} // another one may know a leader
	case Stopping:
		return Verdict{Pass: true, Retry: refused, Pause: true}
	case Unled:
		// This server is fine. What was refused executed nothing; the rest may have.
		return Verdict{Retry: refused, Pause: true}
	case Limited:
		return Verdict{Pass: true, Retry: true, Pause: true}
	case Throttled:
		return Verdict{Retry: true, Pause: true} // another server would carry the load on
	}
	return Verdict{}
}
