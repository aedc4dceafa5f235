package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// BackoffError is the cause of a DialError for an address that is not dialed now, because
// dials to it have failed, or sessions to it have ended before a call on them was
// answered. All callers of a Pool share an address's back-off. No packet was sent.
type BackoffError struct {
	Until    time.Time // from then on a call has the address dialed, or may join a dial under way
	Failures int       // of the address, in a row
	Err      error     // the last of them
}

func (e *BackoffError) Error() string {
	times := "once"
	if e.Failures > 1 {
		times = fmt.Sprintf("%d times in a row", e.Failures)
	}
	return fmt.Sprintf("%v (failed %s, not dialed again before %s)", e.Err, times, e.Until.Format("15:04:05.000"))
}

func (e *BackoffError) Unwrap() error { return e.Err }

// refusalError is the core's answer to a caller, a *core.Refusal as a *DialError.
func refusalError(err error) error {
	r, refused := err.(*core.Refusal) //nolint:errorlint // the core gives it bare
	if !refused {
		return err
	}
	phase, cause := PhaseDial, r.Last.Err
	d, dialed := cause.(*DialError) //nolint:errorlint // the very next one
	if !dialed && r.Last.Session {
		d, dialed = &DialError{Addr: r.Last.Addr, Phase: PhaseHandshake, Err: cause}, true
	}
	switch {
	case !dialed:
	case !r.Paced:
		phase, cause = d.Phase, d.Err
	case d.Addr == r.Addr:
		cause = d.Err
	default:
		cause = d // of another address
	}
	return &DialError{Addr: r.Addr, Phase: phase, Err: &BackoffError{Until: r.Until, Failures: r.Failures, Err: cause}}
}

// classify says whether a dial was not answered in time, and whether it failed for the
// sake of the credentials.
func classify(err error) (timeout, credentials bool) {
	_, timeout = errors.AsType[*dialing.LateError](err)
	return timeout, refuses(err)
}

// dialPolicy is a poolhooks.DialPolicy.
type dialPolicy struct{ *core.Backoffs }

func newDialPolicy(chance func() float64) poolhooks.DialPolicy {
	return dialPolicy{core.NewBackoffs(chance)}
}

func (d dialPolicy) Refuse(now time.Time, addr string, connected bool) error {
	if r := d.Backoffs.Refuse(now, addr, connected); r != nil {
		return refusalError(r)
	}
	return nil
}

func (d dialPolicy) Limit(addr string, base time.Duration, beside bool) time.Duration {
	return d.Limits(addr, base, beside).Whole
}

func (d dialPolicy) Failed(now time.Time, addr string, late bool, limit time.Duration, connected bool) {
	err := errDialFailed
	if late {
		err = error(&dialing.LateError{Limit: limit})
	}
	d.Backoffs.Failed(now, core.Failure{Addr: addr, Err: err, Timeout: late}, connected)
}

var errDialFailed = errors.New("refused")

func (d dialPolicy) Ended(now time.Time, addr string, session uint64, cause error, connected bool) {
	if d.Backoffs.Ended(now, addr, session, core.LetGo(cause)) {
		d.Backoffs.Failed(now, core.Failure{Addr: addr, Err: cause}, connected)
	}
}
