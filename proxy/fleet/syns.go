package fleet

import "time"

// resend has the dial that connect began last go on later. It ends with e.
func (f *Fleet) resend(e event) {
	y := &f.syns
	d := y.begun
	d.of = e
	y.serial++
	d.serial = y.serial
	p := place{at: uint32(len(y.all)), serial: d.serial}
	if n := len(y.free); n > 0 {
		p.at = y.free[n-1]
		y.free = y.free[:n-1]
		y.all[p.at] = d
	} else {
		y.all = append(y.all, d)
	}
	f.goesOn(p)
}

// goesOn has a dial go on when its time has come.
func (f *Fleet) goesOn(p place) {
	d := &f.syns.all[p.at]
	if d.parked {
		s := &f.servers[d.to]
		s.parked = append(s.parked, p)
	}
	f.queue.push(event{at: d.at, agent: world, kind: evSyn, arg: p.at, gen: p.serial})
}

// synAgain sends the SYN of a dial, or ends one that a frozen server did not take in time.
func (f *Fleet) synAgain(p place) {
	d := &f.syns.all[p.at]
	switch {
	case d.serial != p.serial:
	case d.parked:
		how, after := f.undone(d.to, timedOut, 0)
		f.answers(p, how, after)
	default:
		f.sendSyn(p)
	}
}

// sendSyn sends it.
func (f *Fleet) sendSyn(p place) {
	d := &f.syns.all[p.at]
	how, after := f.syn(&f.agents[d.of.agent], d.of.server, d)
	if how == resent {
		f.goesOn(p)
		return
	}
	f.answers(p, how, after)
}

// answers ends a dial after a while, and frees its place.
func (f *Fleet) answers(p place, how uint32, after time.Duration) {
	d := &f.syns.all[p.at]
	d.of.arg, d.serial = how, 0
	f.in(after, d.of)
	f.syns.free = append(f.syns.free, p.at)
}

// takeParked has a server that is no longer frozen work off what its kernel has accepted:
// also the connections that were given up meanwhile.
func (f *Fleet) takeParked(s *server) {
	parked := s.parked
	s.parked = nil
	for _, p := range parked {
		d := &f.syns.all[p.at]
		if d.serial == p.serial {
			d.parked = false
			f.sendSyn(p)
		} else if f.cfg.Handshakes > 0 {
			s.free = max(s.free, f.now) + f.handshake()
		}
	}
}

// dropParked ends the dials that wait in a frozen server whose process ends.
func (f *Fleet) dropParked(s *server) {
	for _, p := range s.parked {
		if d := &f.syns.all[p.at]; d.serial == p.serial {
			how, after := f.undone(d.to, refused, f.way(&f.agents[d.of.agent], d.to)/2)
			f.answers(p, how, after)
		}
	}
	s.parked = nil
}
