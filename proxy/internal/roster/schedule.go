package roster

import "time"

// schedule is what the time of the next round follows from.
type schedule struct {
	last    time.Time // end of the last round; before any, the start. It moves when the interval changes: see resize
	first   bool      // there was no round since the start, or since the size of the cluster is known
	draws   draws
	forward forward
	displacement
}

// forward is what brings the next round forward: a failover, or servers that joined.
type forward struct {
	last      event // the last of these events since the last round
	began     event // the first of them
	postponed bool  // no server answers: it is brought forward from the time when one does
}

// event is a time and a draw in [0, 1): this agent's place among those that meet the
// same event. Its zero value is none.
type event struct {
	at   time.Time
	draw float64
}

// rearm sets the time of the next round: now and a newly drawn interval.
func (r *Roster) rearm(now time.Time) {
	r.schedule = schedule{last: now, draws: draws{reuse: r.rng.Float64(), scaled: r.rng.Float64()}}
}

// regular is when the next round is due if nothing brings it forward.
func (r *Roster) regular() time.Time { return r.schedule.last.Add(r.interval(r.size)) }

// interval is that between the last round and the next, in a cluster of this size.
func (r *Roster) interval(of size) time.Duration {
	s, t := &r.schedule, r.cfg.Rebalance
	if s.first {
		return t.first(of, s.draws.reuse)
	}
	return t.interval(of, s.draws)
}

// nextRound is when the next round is due: an interval after the last one, or
// earlier if an event wants it. It follows the cluster's size without being drawn
// again. In a crowded fleet the round that is brought forward is instead of the
// regular one, which may be the earlier of the two: with both, agents that meet the
// event together would have more rounds than the servers are to take. Events that
// repeat themselves put it off only for as long as one of them may.
func (r *Roster) nextRound() time.Time {
	f, t := &r.schedule.forward, r.cfg.Rebalance
	if f.last.at.IsZero() {
		return r.regular()
	}
	latest := f.began.at.Add(t.spread(r.size, f.began.draw) + time.Duration(t.stretch(r.size)))
	at := earlier(f.last.at.Add(t.spread(r.size, f.last.draw)), latest)
	if t.crowded(r.size) {
		return at
	}
	return earlier(at, r.regular())
}

// bringForward has the next round follow now.
func (r *Roster) bringForward(now time.Time) {
	f := &r.schedule.forward
	f.last = event{at: now, draw: r.rng.Float64()}
	if f.began.at.IsZero() {
		f.began = f.last
	}
}

// postpone ends a step: a round that is to come soon would find nobody while no
// server answers, and an outage is no time for dials that nobody waits for. It
// follows the first answer.
func (r *Roster) postpone(now time.Time) {
	switch f := &r.schedule.forward; {
	case r.list.served():
		if f.postponed {
			f.postponed = false
			r.bringForward(now)
		}
	case !f.last.at.IsZero():
		*f = forward{postponed: true}
	}
}

// resize ends a step: it takes note of the cluster's size. How much of the interval
// has passed stays the same part of it, so the agents of a fleet keep their places in
// it, and none is suddenly overdue with all the others. Where the size was unknown,
// as agents that start together find it out together, the interval begins anew, like
// the first. Backups do not count: rounds spread load over the primaries.
func (r *Roster) resize(now time.Time) {
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
