package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// rearm sets the time of the next round: now and a newly drawn interval.
func (r *Roster) rearm(now moment.Time) {
	r.schedule = schedule{last: now, draws: draws{reuse: r.rng.Float64(), scaled: r.rng.Float64()}}
}

// regular is when the next round is due if nothing brings it forward.
func (r *Roster) regular() moment.Time { return r.schedule.last.Add(r.interval(r.size)) }

// interval is that between the last regular round and the next, in a cluster of this
// size.
func (r *Roster) interval(of size) time.Duration {
	s, t := &r.schedule, r.shared.cfg.Rebalance
	if s.first {
		return t.first(of, s.draws.reuse)
	}
	return t.interval(of, s.draws)
}

// nextRound is when the next round is due: an interval after the last regular one, or
// earlier if an event wants it. It follows the cluster's size without being drawn again.
func (r *Roster) nextRound() moment.Time {
	f, at := &r.schedule.forward, r.regular()
	if f.at.IsZero() {
		return at
	}
	if after, ok := r.shared.cfg.Rebalance.spread(r.size, f.draw); ok {
		return earlier(at, f.at.Add(after))
	}
	return at
}

// bringForward has the next round follow now.
func (r *Roster) bringForward(now moment.Time) {
	r.schedule.forward, r.schedule.postponed = forward{at: now, draw: r.rng.Float64()}, false
}

// postpone ends a step: a round that is to come soon would find no server while
// none answers, and an outage is no time for dials that no call waits for. It
// follows the first answer.
func (r *Roster) postpone(now moment.Time) {
	switch s := &r.schedule; {
	case r.list.served():
		if s.postponed {
			r.bringForward(now)
		}
	case !s.forward.at.IsZero():
		s.forward, s.postponed = forward{}, true
	}
}

// resize ends a step: it records the cluster's size. How much of the interval
// has passed stays the same part of it, so the agents of a fleet keep their places in
// it, and none is suddenly overdue with all the others. Where the size was unknown,
// as agents that start together find it out together, the interval begins anew, like
// the first. Backups do not count: rounds spread load over the primaries.
func (r *Roster) resize(now moment.Time) {
	is := size{nodes: r.numNodes, servers: len(r.list.primaries)}
	if is.servers == 0 {
		is.servers = len(r.list.backups)
	}
	was, s := r.size, &r.schedule
	if is == was {
		return
	}
	before := r.interval(was)
	if r.size = is; is.nodes > 0 && !r.sized {
		r.sized = true
		s.first, s.last = true, now
		return
	}
	if after := r.interval(is); after != before && before > 0 {
		passed := min(float64(now.Sub(s.last))/float64(before), 1)
		s.last = now.Add(-time.Duration(passed * float64(after)))
	}
}
