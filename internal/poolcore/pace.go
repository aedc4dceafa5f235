package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// The pace of an agent that has no session and cannot make one, in a big fleet: if all
// servers refuse it, they refuse every agent.
const (
	paceFree  = 2                // dials that may fail one after the other
	paceLeast = time.Second      // a fleet that needs less is small
	paceMost  = 80 * time.Second // a fleet that needs more gets no more

	// paceStep is how long an address waits for each that was dialed longer ago, up to
	// paceSteps of them: the agent's next dial is to be of another server than its last
	// one, of which one may be back.
	paceStep  = 250 * time.Millisecond
	paceSteps = 8
)

// pace holds back all dials of an agent together. Each address has its back-off besides,
// but an agent has several, and in an outage of the cluster the fleet would dial every
// one of them at its pace.
type pace struct {
	failures int         // in a row, while no session was up
	until    moment.Time // no dial before
	last     Failure
}

// failed notes a dial that failed while no session was up. The next one is due after
// three to eight tenths of the fleet's spread.
func (p *pace) failed(now moment.Time, spread time.Duration, f Failure, chance chance) {
	p.failures++
	p.last = f
	if most := min(spread, paceMost); p.failures >= paceFree && most >= paceLeast {
		p.until = now.Add(time.Duration(float64(most) * (0.3 + float64(0.5*chance.Chance()))))
	}
}

// tooFast is why the pace keeps addr from being dialed now; nil: it does not.
func (b *backoffs) tooFast(now moment.Time, addr string) *Refusal {
	p := b.pace
	if p == nil || p.until.IsZero() {
		return nil
	}
	until := p.until.Add(b.paceDelay(addr))
	if !now.Before(until) {
		return nil
	}
	return &Refusal{Addr: addr, Until: b.clock.Time(until), Failures: p.failures, Last: p.last, Paced: true}
}

// paceDelay is how long addr waits for the addresses that were dialed longer ago.
func (b *backoffs) paceDelay(addr string) time.Duration {
	e := b.each.find(addr)
	if e == nil {
		return 0
	}
	before := 0
	for _, other := range b.each {
		if other.at.Before(e.at) && !other.until.After(b.pace.until) && before < paceSteps {
			before++
		}
	}
	return time.Duration(before) * paceStep
}
