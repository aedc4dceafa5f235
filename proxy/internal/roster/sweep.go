package roster

// maxCandidates is how many servers one round tries. A heartbeat may name a thousand
// addresses.
const maxCandidates = 16

// shortlist is who of a long list a round tries: the first in its order, but before
// them those that no round has tried since one found a server, so that every server
// gets its turn. The active server, which may be the only one that works, is always
// among them, last.
func (r *Roster) shortlist(order []*entry) []*entry {
	if len(order) <= maxCandidates {
		return order
	}
	tried := func(e *entry) bool { return e.swept == r.sweep }
	if !r.untried(order) {
		r.sweep++
	}
	toBack(order, tried)
	chosen, active := order[:maxCandidates], r.list.active()
	for _, e := range order[maxCandidates:] {
		if e == active {
			chosen[maxCandidates-1] = e
		}
	}
	for _, e := range chosen {
		e.swept = r.sweep
	}
	return chosen
}

// untried says whether there are servers that no round has tried in this sweep.
func (r *Roster) untried(order []*entry) bool {
	for _, e := range order {
		if e.swept != r.sweep {
			return true
		}
	}
	return false
}
