package session

import "github.com/open-nomad/rpcproxy/pool/internal/mux"

// probe is some round trips with windows of another size. Where the least round trip was not seen
// for long, either the way has become longer, or something waits on it all the time: while the
// windows fill the path, as they should, round trips are longer than the way. With half of the
// windows the path is not full, and they are the way's. Where the windows cannot be less they are
// made twice as large: if more comes in then, the path was not full before.
type probe struct {
	at    int64 // when it began; 0: none is under way
	grows bool
	on    int64 // when leave had once gone there and back under it; 0: it has not
	from  int64 // bytes that had come in by then
	least int64 // round trip since
	again int64 // when the next one is due, however old the least round trip is; 0: it is not
}

// due begins a probe where the least round trip is old.
func (p *pathMeter) due(now int64) {
	if soon := p.probe.again > 0 && now > p.probe.again; p.probe.at == 0 && p.rate > 0 && (soon || now-p.seen > leastAge) {
		p.probe = probe{at: now, grows: p.share() < mux.WindowSize/3*4}
		p.begin = 0
	}
}

// sized is the size of a window during the probe.
func (p *pathMeter) sized() int64 {
	if p.probe.grows {
		return 2 * max(mux.WindowSize, p.share())
	}
	return p.share() / 2
}

// probed takes a round trip of leave that was given at that time, in a window of the probe's size.
func (p *pathMeter) probed(took, given, now int64) {
	b := &p.probe
	switch {
	case b.at == 0 || given < b.at:
		return
	case b.on == 0:
		b.on, b.from = now, p.total
		return
	case b.least == 0 || took < b.least:
		b.least = took
	}
	if now-b.on < 3*b.least {
		return
	}
	rate := float64(p.total-b.from) / float64(now-b.on)
	p.seen = now
	if b.grows && rate > p.raw*5/4 || !b.grows && rate < p.raw*7/8 {
		p.least = b.least
	}
	p.end()
	p.reckon()
}

// end ends the probe.
func (p *pathMeter) end() { p.probe = probe{again: p.probe.again} }
