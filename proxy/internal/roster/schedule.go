package roster

import "time"

// schedule is what the time of the next round follows from.
type schedule struct {
	last     time.Time // end of the last round; before any, the start
	draws    draws
	failover time.Time // the last failover since; zero: there was none
	spread   float64   // in [0, 1), drawn at that failover: this agent's place among those that fail over

	displaced bool // there was a failover since the last round that was not brought forward
	turns     int  // homeward rounds in a row
}

// rearm sets the time of the next round: now and a newly drawn interval.
func (r *Roster) rearm(now time.Time) {
	r.schedule = schedule{last: now, draws: draws{reuse: r.rng.Float64(), scaled: r.rng.Float64()}}
}

// nextRound is when the next round is due: an interval after the last one, or
// earlier if a failover wants it. It follows the cluster's size without being
// drawn again. Backups do not count: rounds spread load over the primaries.
func (r *Roster) nextRound() time.Time {
	servers := len(r.list.primaries)
	if servers == 0 {
		servers = len(r.list.backups)
	}
	s, t := &r.schedule, r.cfg.Rebalance
	at := s.last.Add(t.interval(r.numNodes, servers, s.draws))
	if s.failover.IsZero() {
		return at
	}
	return earlier(at, s.failover.Add(t.spread(r.numNodes, servers, s.spread)))
}

// failover takes note that former, the active server until now, was left because
// it failed or knows no leader, as cause says. If another has taken over, the next round is
// brought forward: the agents that leave a server together crowd the others, and
// the server may soon be back.
func (r *Roster) failover(now time.Time, former *entry, cause error) {
	if r.list.active() == former {
		return
	}
	r.tellFailover(now, former, cause)
	r.schedule.displaced, r.schedule.turns = true, 0
	r.bringForward(now)
	r.rotated = r.published.epoch + 1
}

// bringForward has the next round follow now.
func (r *Roster) bringForward(now time.Time) {
	r.schedule.failover, r.schedule.spread = now, r.rng.Float64()
}
