package pool

import "time"

// The pace of an agent that has no session at all and cannot make one, in a big fleet.
// What all of its servers do to it they do to every agent.
const (
	paceFree  = 2                // dials that may fail one after the other
	paceLeast = time.Second      // a fleet that needs less is small
	paceMost  = 80 * time.Second // a fleet that needs more gets no more

	// paceTurn is for how long an address is not dialed in favor of each that was
	// dialed longer ago, up to paceTurns of them: the agent's next dial is to be of
	// another server than its last one, of which one may be back.
	paceTurn  = 250 * time.Millisecond
	paceTurns = 8
)

// pace holds back all dials of an agent together. Each address has its back-off besides,
// but an agent has several, and in an outage of the cluster the fleet would dial every
// one of them at its pace.
type pace struct {
	failures int       // in a row, while no session was up
	until    time.Time // no dial before
	last     error     // of the failures
}

// failed notes a dial that failed while no session was up. The next one is due after
// three to eight tenths of the fleet's spread.
func (p *pace) failed(now time.Time, spread time.Duration, err error, chance func() float64) {
	p.failures++
	p.last = err
	if most := min(spread, paceMost); p.failures >= paceFree && most >= paceLeast {
		p.until = now.Add(time.Duration(float64(most) * (0.3 + 0.5*chance())))
	}
}

// refuse answers why addr is not dialed now, whose turn is so long after that of the
// first; nil: there is no reason.
func (p *pace) refuse(now time.Time, addr string, turn time.Duration) error {
	until := p.until
	if !until.IsZero() {
		until = until.Add(turn)
	}
	if !now.Before(until) {
		return nil
	}
	cause := p.last
	if d, ok := cause.(*DialError); ok && d.Addr == addr { //nolint:errorlint // the very next one
		cause = d.Err
	}
	return &DialError{Addr: addr, Phase: PhaseDial, Err: &BackoffError{Until: until, Failures: p.failures, Err: cause}}
}

// turn is for how long addr is not dialed in favor of those that were dialed longer ago.
func (b *backoffs) turn(addr string) time.Duration {
	e := b.each[addr]
	if e == nil || b.pace.until.IsZero() {
		return 0
	}
	before := 0
	for _, other := range b.each {
		if other.at.Before(e.at) && !other.until.After(b.pace.until) && before < paceTurns {
			before++
		}
	}
	return time.Duration(before) * paceTurn
}
