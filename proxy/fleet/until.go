package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// until is the report of a run that ended at a time, as far as figures that are counted
// over time go. It is in whole seconds.
func (r *Report) until(end time.Duration) *Report {
	cut := *r
	c := &cut.counts
	c.run = min(c.run, end)
	c.servers = nil
	for _, b := range r.counts.servers {
		c.servers = append(c.servers, bins{
			dials: b.dials.Until(end), failed: b.failed.Until(end), refused: b.refused.Until(end),
			handshakes: b.handshakes.Until(end), beats: b.beats.Until(end),
		})
	}
	for _, of := range []**count.Counter{&c.roundBins, &c.moves, &c.discoveries, &c.lookups, &c.calls, &c.attempts} {
		*of = (*of).Until(end)
	}
	n := 0
	for n < len(c.samples) && c.samples[n].at < end {
		n++
	}
	c.samples = c.samples[:n]
	return &cut
}
