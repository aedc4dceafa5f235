package poolcore

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// The back-off of one address. The first failure is followed by a dial at once: a server
// that restarts is back soon, and the end of a session may have failed the dial. Later
// pauses double.
const (
	backoffLeast = 2 * time.Second // the longest pause in a small fleet
	backoffMost  = time.Minute     // and in the largest
	backoffSteps = 20              // the longest pause is so many times the first one that is not zero
)

// pendingPause is how soon a caller may ask again for an address whose dial is late.
const pendingPause = 100 * time.Millisecond

// Bounds of the addresses that are remembered.
const (
	maxBackoffs  = 2048
	backoffsKept = 10 * time.Minute // after the last failure
)

// provenAfter is how long a session must have lasted to be no failure although no call on
// it was answered: there may have been none.
const provenAfter = 10 * time.Second

// backoffs decides when an agent dials: the back-off of each address, and the pace of an
// agent that reaches no server. An address is known that was dialed without a call being
// answered since.
type backoffs struct {
	clock  *moment.Clock
	spare  *pieces[backoff]
	each   ordered[string, *backoff]
	spread Spread
	chance chance
	pace   *pace // nil: no dial has failed since a session was up
}

// Spread is how far the dials of a fleet are spread while its servers are down.
type Spread struct {
	Over    time.Duration // the time in which each agent dials once; 0: the fleet is small
	Servers int           // that the agent knows; 0: unknown
}

// chance gives numbers from 0 to 1, a new one each time.
type chance interface{ Chance() float64 }

// backoff is that of one address.
type backoff struct {
	addr     string
	failures int         // in a row
	timeouts int         // of the last of these, those where nothing was answered in time
	at       moment.Time // of the last change
	until    moment.Time // no dial before
	last     Failure
	session  uint64 // that is up, and on which no call was answered yet; 0: none
}

func (e *backoff) key() string { return e.addr }

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

// refuse is why addr is not dialed now; nil: it is. connected is whether the agent has any
// session.
func (b *backoffs) refuse(now moment.Time, addr string, connected bool) *Refusal {
	if e := b.each.find(addr); e != nil && now.Before(e.until) {
		return b.refusal(e)
	}
	if !connected {
		return b.tooFast(now, addr)
	}
	return nil
}

// until is when the back-off of addr ends.
func (b *backoffs) until(addr string) moment.Time {
	if e := b.each.find(addr); e != nil {
		return e.until
	}
	return 0
}

// last is the last failure of addr; nil: it is not known.
func (b *backoffs) last(addr string) error {
	if e := b.each.find(addr); e != nil {
		return e.last.Err
	}
	return nil
}

// hold keeps addr from being dialed until then.
func (b *backoffs) hold(addr string, until moment.Time) {
	if e := b.each.find(addr); e != nil && e.until.Before(until) {
		e.until = until
	}
}

// pending is the refusal of addr while its dial is late.
func (b *backoffs) pending(now moment.Time, addr string) *Refusal {
	e := b.each.find(addr)
	if e == nil {
		return &Refusal{Addr: addr, Until: b.clock.Time(now.Add(pendingPause)), Failures: 1, Last: Failure{Addr: addr, Err: errPending}}
	}
	if !now.Before(e.until) {
		e.until = now.Add(pendingPause)
	}
	return b.refusal(e)
}

// refusal is the error until the end of the back-off.
func (b *backoffs) refusal(e *backoff) *Refusal {
	return &Refusal{Addr: e.addr, Until: b.clock.Time(e.until), Failures: e.failures, Last: e.last}
}

// failed notes a failure. connected is whether the agent has another session.
func (b *backoffs) failed(now moment.Time, f Failure, connected bool) {
	e := b.entry(now, f.Addr)
	e.failures++
	if f.Timeout {
		e.timeouts++
	} else {
		e.timeouts = 0
	}
	e.last, e.until = f, now.Add(pauseAfter(e.failures, b.spread.Over, b.chance.Chance()))
	if connected {
		b.pace = nil
		return
	}
	if b.pace == nil {
		b.pace = &pace{began: now}
	}
	b.pace.failed(now, b.spread, f, b.failing(), b.chance)
}

// up notes a session whose server has answered a ping, and no call yet.
func (b *backoffs) up(now moment.Time, addr string, session uint64) {
	e := b.entry(now, addr)
	e.session, e.timeouts = session, 0
}

// served notes that a call on a session was answered: the address is forgotten.
func (b *backoffs) served(addr string) {
	b.drop(addr)
	b.pace = nil
}

// drop forgets an address.
func (b *backoffs) drop(addr string) {
	if e := b.each.find(addr); e != nil {
		b.each.drop(addr)
		b.spare.put(e)
	}
}

// ended notes the end of a session, and reports whether it was a failure: no call on it
// was answered in the short time that it lasted, and this side did not end it (letGo).
func (b *backoffs) ended(now moment.Time, addr string, session uint64, letGo bool) bool {
	e := b.each.find(addr)
	if e == nil || e.session != session {
		return false
	}
	e.session = 0
	switch {
	case letGo:
		return false
	case now.Sub(e.at) >= provenAfter:
		b.drop(addr)
		return false
	}
	return true
}

// trust forgets the failures that are due to credentials, since others are in force, and
// the pace, since no server may have been reached for their sake.
func (b *backoffs) trust() {
	for e := range b.each.all() {
		if e.last.Credentials {
			b.each.drop(e.addr)
		}
	}
	b.pace = nil
}

// entry is the one of addr. Where there are too many, the oldest is forgotten.
func (b *backoffs) entry(now moment.Time, addr string) *backoff {
	e := b.each.find(addr)
	if e == nil {
		b.makeRoom(now)
		e = b.spare.take(backoff{addr: addr})
		b.each.put(e)
	}
	e.at = now
	return e
}

// makeRoom forgets old addresses where there are too many for one more.
func (b *backoffs) makeRoom(now moment.Time) {
	if len(b.each) < maxBackoffs {
		return
	}
	b.each = slices.DeleteFunc(b.each, func(e *backoff) bool { return now.Sub(e.at) > backoffsKept })
	if len(b.each) < maxBackoffs {
		return
	}
	b.each.drop(slices.MinFunc(b.each, func(e, o *backoff) int { return e.at.Compare(o.at) }).addr)
}
