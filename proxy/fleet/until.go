package fleet

import "time"

// until is the report of a run that ended at a time, as far as figures that are counted
// over time go. It is in whole seconds.
func (r *Report) until(end time.Duration) *Report {
	cut := *r
	c := &cut.counts
	c.run = min(c.run, end)
	c.servers = nil
	for _, b := range r.counts.servers {
		c.servers = append(c.servers, bins{
			dials: b.dials.until(end), failed: b.failed.until(end), refused: b.refused.until(end),
			handshakes: b.handshakes.until(end), beats: b.beats.until(end),
		})
	}
	for _, of := range []**counter{&c.roundBins, &c.moves, &c.discoveries, &c.lookups, &c.calls, &c.attempts} {
		*of = (*of).until(end)
	}
	n := 0
	for n < len(c.samples) && c.samples[n].at < end {
		n++
	}
	c.samples = c.samples[:n]
	return &cut
}

// until is the counter of what came before a time, without the ring that counting needs.
func (c *counter) until(end time.Duration) *counter {
	n := c.second(end)
	return &counter{sum: c.between(0, end), secs: c.secs[:n], most: c.most[:n]}
}
