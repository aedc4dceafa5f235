package main

import (
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// stallsKept is for how long it is known when the machine did not run the soak:
// longer than anything lasts that is judged by its time.
const stallsKept = 2 * time.Minute

// stalled notes a time in which the machine did not run the soak.
func (p *page) stalled(s testutil.Stall) {
	for len(p.stalls) > 0 && s.To.Sub(p.stalls[0].To) > stallsKept {
		p.stalls = p.stalls[1:]
	}
	p.stalls = append(p.stalls, s)
}

// took is how long something lasted, without what the machine did not run of it.
func (p *page) took(begin, end time.Time) time.Duration {
	return end.Sub(begin) - testutil.Stalled(p.stalls, begin, end)
}
