package poolcore

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Why sessions end, or calls leave them. Package pool exports all but ErrNotRenewed, and
// documents them there.
var (
	ErrIdle            = errors.New("session was idle")
	ErrLeaving         = errors.New("server is leaving")
	ErrSilent          = errors.New("server is silent")
	ErrNotServing      = errors.New("server leaves calls unanswered")
	ErrNoStream        = errors.New("the server acknowledges no new stream")
	ErrRenewed         = errors.New("session was replaced by one with newer credentials")
	ErrDrained         = errors.New("session was made with credentials that are no longer trusted, and its time to drain is over")
	ErrTooManySessions = errors.New("session had left use, and there are too many of these")

	// ErrNotRenewed means that a renewal made no session.
	ErrNotRenewed = errors.New("the session to the server is not being replaced now")
)

// errElsewhere is why a session ended whose address led to a better one.
var errElsewhere = &renewedError{"session was replaced: its address leads to a better server now"}

// errDistrusted is why calls leave a session whose server is no longer trusted.
var errDistrusted = &drainedError{"the credentials in force do not trust the server of the session"}

// drainedError is ErrDrained in other words.
type drainedError struct{ text string }

func (e *drainedError) Error() string { return printable.Text(e.text) }

func (*drainedError) Is(target error) bool { return target == ErrDrained }

// renewedError is ErrRenewed in other words.
type renewedError struct{ text string }

func (e *renewedError) Error() string { return printable.Text(e.text) }

func (*renewedError) Is(target error) bool { return target == ErrRenewed }

// LetGo reports whether a session ended because this side had no more use for it: the
// end is no fault of the server.
func LetGo(err error) bool {
	ours := []error{ErrIdle, ErrRenewed, ErrDrained, ErrTooManySessions, actor.ErrStopped}
	return slices.ContainsFunc(ours, func(reason error) bool { return errors.Is(err, reason) })
}

// Failure is a dial that failed, or a session that ended as good as one.
type Failure struct {
	Addr        string
	Err         error
	Timeout     bool // nothing was answered in time
	Credentials bool // the credentials were refused, by either side
	Session     bool // a session came up, and ended before a call on it was answered
}

// Refusal is the error of an address that is not dialed now. No packet was sent.
type Refusal struct {
	Addr     string
	Until    time.Time // from then on the address is dialed, or a dial under way may be joined
	Failures int       // in a row
	Last     Failure   // of these; with Paced maybe of another address
	Paced    bool      // the agent's dials are delayed, and not those of this address alone
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("%s is not dialed: %d failures, the last one: %s", printable.Name(e.Addr), e.Failures, contain.Text(e.Last.Err))
}

// Unwrap is the last failure's error.
func (e *Refusal) Unwrap() error { return e.Last.Err }

// errPending is the failure where a dial is late of which nothing else is known.
var errPending = errors.New("a dial is under way that takes long")
