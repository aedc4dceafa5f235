package poolcore

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// The pace of an agent that has no session and cannot make one, in a big fleet: if all
// servers refuse it, they refuse every agent. Half of them, and three at least, must have
// failed before that is believed: where two are dead, some agents have just these in front.
const (
	paceFree  = 2                // dials that may fail one after the other, whatever is known
	paceSome  = 3                // servers that must have failed, unless there are fewer
	paceTwice = 2                // dials for each of them, where the same ones fail again
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
	began    moment.Time // when the first of them was
	until    moment.Time // no dial before
	last     Failure
}

// failed notes a dial that failed while no session was up, now or before to so many addresses.
// The next one is due after three to eight tenths of the fleet's spread, if all of the
// agent's servers may have failed.
func (p *pace) failed(now moment.Time, over Spread, f Failure, addresses int, chance chance) {
	p.failures++
	p.last = f
	if most := min(over.Over, paceMost); p.believes(over.Servers, addresses) && most >= paceLeast {
		p.until = now.Add(time.Duration(float64(most) * (0.3 + float64(0.5*chance.Chance()))))
	}
}

// believes reports whether so many addresses that failed show that all servers have, of which
// there are so many; 0: it is not known how many.
func (p *pace) believes(servers, failed int) bool {
	need := min(max(paceSome, (servers+1)/2), servers)
	return p.failures >= paceFree && (failed >= need || p.failures >= paceTwice*need)
}

// failing is how many addresses have failed since the first of the failures in a row.
func (b *backoffs) failing() (n int) {
	for e := range b.each.all() {
		if e.failures > 0 && !e.at.Before(b.pace.began) {
			n++
		}
	}
	return n
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
