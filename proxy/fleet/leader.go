package fleet

import "time"

const (
	election = 3 * time.Second
	// failoverTTL is what a new leader gives every node (Nomad 2.0.6, failover_heartbeat_ttl).
	failoverTTL = 300 * time.Second
)

// hasLeader reports whether a server knows a leader.
func (f *Fleet) hasLeader(n int16) bool {
	return f.leader >= 0 && f.now >= f.leads && !f.servers[n].leaderless
}

// vote has the servers lose their leader, and elect one, if they must.
func (f *Fleet) vote() {
	can, voters := 0, 0
	for i := range f.servers {
		if f.servers[i].voter {
			voters++
		}
		if f.canLead(i) {
			can++
		}
	}
	switch majority := 2*can > voters; {
	case f.leader >= 0 && (!majority || !f.canLead(f.leader)):
		f.terms[len(f.terms)-1].lost = max(f.now, f.terms[len(f.terms)-1].from)
		f.leader = -1
		if majority {
			f.elect(election)
		}
	case f.leader < 0 && majority:
		f.elect(election)
	}
}

// canLead reports whether a server votes, and can lead.
func (f *Fleet) canLead(n int) bool {
	s := &f.servers[n]
	return s.voter && s.up && !s.frozen && !s.leaderless
}

// elect has one of the servers lead after a while that can.
func (f *Fleet) elect(after time.Duration) {
	f.leader, f.leads = -1, f.now+after
	var can []int
	for n := range f.servers {
		if f.canLead(n) {
			can = append(can, n)
		}
	}
	if len(can) > 0 {
		f.leader = can[f.rng.IntN(len(can))]
		f.terms = append(f.terms, term{from: f.leads, lost: never})
	}
}

// noteBeat notes a heartbeat that the cluster has.
func (f *Fleet) noteBeat(a *agent) {
	if f.running() && f.markedDown(a) {
		f.missed++
	}
	a.lastBeat, a.ttl = f.now, f.grant(a)
}

// markedDown reports whether the cluster has marked a down since its last heartbeat: whether a
// leader waited for the next one in vain. The first leader waits for the TTL and its
// grace; one that came later gives all nodes a time of its own, as it knows no TTL. What
// was before the run is not looked at.
func (f *Fleet) markedDown(a *agent) bool {
	if a.lastBeat == 0 {
		return false
	}
	for i := range f.terms {
		t := &f.terms[i]
		if t.lost < a.lastBeat {
			continue
		}
		waits := t.from + failoverTTL
		if a.lastBeat >= t.from {
			waits = a.lastBeat + a.ttl + grace
		}
		if waits >= f.cfg.Warm && waits < min(t.lost, f.now) {
			return true
		}
	}
	return false
}
