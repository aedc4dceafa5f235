package pool

import "time"

// The pace of an agent that has no session at all and cannot make one, in a big fleet.
// What all of its servers do to it they do to every agent.
const (
	paceFree  = 2                // dials that may fail one after the other
	paceLeast = time.Second      // a fleet that needs less is small
	paceMost  = 30 * time.Second // an agent is not blind for longer
)

// pace holds back all dials of an agent together. Each address has its back-off besides,
// but an agent has several, and in an outage of the cluster the fleet would dial every
// one of them at its pace.
type pace struct {
	failures int       // in a row, while no session was up
	until    time.Time // no dial before
	last     error     // of the failures
}

// failed notes a dial that failed while no session was up. The next one is due after an
// eighth of the fleet's spread to all of it.
func (p *pace) failed(now time.Time, spread time.Duration, err error, chance func() float64) {
	p.failures++
	p.last = err
	if most := min(spread, paceMost); p.failures >= paceFree && most >= paceLeast {
		p.until = now.Add(most/8 + time.Duration(chance()*float64(most*7/8)))
	}
}

// refuse answers why no address is dialed now; nil: there is no reason.
func (p *pace) refuse(now time.Time, addr string) error {
	if !now.Before(p.until) {
		return nil
	}
	cause := p.last
	if d, ok := cause.(*DialError); ok && d.Addr == addr { //nolint:errorlint // the very next one
		cause = d.Err
	}
	return &DialError{Addr: addr, Phase: PhaseDial, Err: &BackoffError{Until: p.until, Failures: p.failures, Err: cause}}
}
