package pool

import (
	"errors"
	"fmt"
	"time"
)

// BackoffError is the cause of a DialError for an address that is not dialed now, because
// dials to it have failed, or sessions to it have ended before a call on them was
// answered. All callers of a Pool share an address's back-off. No packet was sent.
type BackoffError struct {
	Until    time.Time // who asks after it has the address dialed, or may join a dial that is still under way
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

// The back-off of one address. The first failure is followed by a dial at once: whoever
// restarts is back soon, and what a session's end did to a dial is not held against its
// server. Later pauses double.
const (
	backoffLeast = 2 * time.Second // the longest pause in a small fleet
	backoffMost  = time.Minute     // and in the largest
	backoffSteps = 20              // the longest pause is so many times the first one that is none
)

// pendingPause is how soon those may ask again who asked for a dial that takes long.
const pendingPause = 100 * time.Millisecond

// Bounds of what is remembered of addresses.
const (
	maxBackoffs  = 2048
	backoffsKept = 10 * time.Minute // after the last failure
)

// provenAfter is how long a session must have lasted to be no failure although no call on
// it was answered: there may have been none.
const provenAfter = 10 * time.Second

// backoffs is what is known of the addresses that were dialed without a call being
// answered since. It is part of the core: time and chance come in.
type backoffs struct {
	each   map[string]*backoff
	spread time.Duration  // in which each agent of the fleet dials once; 0: it is small
	chance func() float64 // from 0 to 1
	pace   pace
}

// backoff is that of one address.
type backoff struct {
	failures int        // in a row
	timeouts int        // of the last of these, those where nothing was answered in time
	at       time.Time  // of the last change
	until    time.Time  // no dial before
	refusal  *DialError // for those who ask until then
	session  uint64     // that is up, and on which no call was answered yet; 0: none
}

// longestBackoff is the longest pause between two dials of an address in a fleet.
func longestBackoff(spread time.Duration) time.Duration {
	return min(max(spread, backoffLeast), backoffMost)
}

// pauseAfter is the pause after so many failures in a row, between half of what doubles
// each time and all of it. chance is from 0 to 1.
func pauseAfter(failures int, spread time.Duration, chance float64) time.Duration {
	if failures <= 1 {
		return 0
	}
	most := longestBackoff(spread)
	full := min(most/backoffSteps<<min(failures-2, 10), most)
	return full/2 + time.Duration(chance*float64(full/2))
}

// refuse answers why addr is not to be dialed now; nil: it is.
func (b *backoffs) refuse(now time.Time, addr string, connected bool) error {
	if e := b.each[addr]; e != nil && now.Before(e.until) {
		return e.refusal
	}
	if !connected {
		return b.pace.refuse(now, addr, b.turn(addr))
	}
	return nil
}

// until is when the back-off of addr ends.
func (b *backoffs) until(addr string) time.Time {
	if e := b.each[addr]; e != nil {
		return e.until
	}
	return time.Time{}
}

// hold keeps addr from being dialed for a while longer.
func (b *backoffs) hold(addr string, until time.Time) {
	if e := b.each[addr]; e != nil && e.until.Before(until) {
		e.refuseUntil(until, addr, e.refusal)
	}
}

// pending answers those who ask for addr while a dial is under way that was told to
// have failed: nothing was answered in time.
func (b *backoffs) pending(now time.Time, addr string) error {
	e := b.each[addr]
	if e == nil {
		return &DialError{Addr: addr, Phase: PhaseDial, Err: &BackoffError{Until: now.Add(pendingPause), Failures: 1, Err: errPending}}
	}
	if !now.Before(e.until) {
		e.refuseUntil(now.Add(pendingPause), addr, e.refusal)
	}
	return e.refusal
}

// errPending is the cause for those who ask for a dial that goes on for longer than
// anybody waits for it, and of which nothing else is known.
var errPending = errors.New("a dial is under way that takes long")

// refuseUntil sets the end of the back-off and the error that says so.
func (e *backoff) refuseUntil(until time.Time, addr string, err error) {
	phase, cause := PhaseDial, err
	if d, ok := err.(*DialError); ok { //nolint:errorlint // the very next one
		phase, cause = d.Phase, d.Err
	}
	if refused, ok := cause.(*BackoffError); ok { //nolint:errorlint // the very next one
		cause = refused.Err
	}
	e.until = until
	e.refusal = &DialError{Addr: addr, Phase: phase, Err: &BackoffError{Until: until, Failures: e.failures, Err: cause}}
}

// failed notes a dial that failed, or a session that ended as good as one, while others
// are up or not.
func (b *backoffs) failed(now time.Time, addr string, err error, connected bool) {
	e := b.entry(now, addr)
	e.failures++
	if _, late := errors.AsType[*lateError](err); late {
		e.timeouts++
	} else {
		e.timeouts = 0
	}
	e.refuseUntil(now.Add(pauseAfter(e.failures, b.spread, b.chance())), addr, err)
	if connected {
		b.pace = pace{}
		return
	}
	b.pace.failed(now, b.spread, err, b.chance)
}

// up notes a session of which nothing is known but that its server has answered a ping.
func (b *backoffs) up(now time.Time, addr string, session uint64) {
	e := b.entry(now, addr)
	e.session, e.timeouts = session, 0
}

// served notes that a call on a session was answered: the address is as good as any.
func (b *backoffs) served(addr string) {
	delete(b.each, addr)
	b.pace = pace{}
}

// ended notes the end of a session, and reports whether it was a failure: no call on it
// was answered in the short time that it lasted, and this side did not end it.
func (b *backoffs) ended(now time.Time, addr string, session uint64, err error) bool {
	e := b.each[addr]
	if e == nil || e.session != session {
		return false
	}
	e.session = 0
	switch {
	case letGo(err):
		return false
	case now.Sub(e.at) >= provenAfter:
		delete(b.each, addr)
		return false
	}
	return true
}

// trust forgets the failures that are due to credentials, since others are in force, and
// what they may have to do with it that no server can be reached.
func (b *backoffs) trust() {
	for addr, e := range b.each {
		if e.refusal != nil && refuses(e.refusal) {
			delete(b.each, addr)
		}
	}
	b.pace = pace{}
}

// entry is the one of addr. Where there are too many, the oldest is forgotten.
func (b *backoffs) entry(now time.Time, addr string) *backoff {
	e := b.each[addr]
	if e == nil {
		b.age(now)
		e = new(backoff)
		b.each[addr] = e
	}
	e.at = now
	return e
}

// age makes room for one more.
func (b *backoffs) age(now time.Time) {
	if len(b.each) < maxBackoffs {
		return
	}
	oldest := ""
	for addr, e := range b.each {
		if now.Sub(e.at) > backoffsKept {
			delete(b.each, addr)
			continue
		}
		if o := b.each[oldest]; o == nil || e.at.Before(o.at) || e.at.Equal(o.at) && addr < oldest {
			oldest = addr
		}
	}
	if len(b.each) >= maxBackoffs {
		delete(b.each, oldest)
	}
}
