package fleet

// noteRound counts a round of a.
func (f *Fleet) noteRound(a *agent) {
	f.count(f.roundBins)
	if f.running() {
		switch {
		case a.rounds == 0 || a.lastRound < f.cfg.Warm:
			f.firsts = append(f.firsts, f.now-f.cfg.Warm)
		default:
			f.gaps = append(f.gaps, f.now-a.lastRound)
		}
	}
	a.rounds++
	a.lastRound = f.now
}

// back ends a's outage.
func (f *Fleet) back(a *agent) {
	if f.running() {
		f.outages = append(f.outages, f.now-a.outSince)
	}
	a.outSince = 0
}

// sample takes the state of the fleet.
func (f *Fleet) sample() {
	s := sample{at: f.now - f.cfg.Warm}
	for i := range f.servers {
		s.active = append(s.active, f.servers[i].active)
		if f.servers[i].up {
			s.up++
		}
	}
	f.samples = append(f.samples, s)
}
