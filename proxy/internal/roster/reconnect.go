package roster

import "time"

// An active server that stays leaderless is connected to anew, for its address may lead
// to another server by now: a name that has moved, a balancer with a better backend. An
// election takes a few seconds and must cause none of that; a fleet whose cluster is
// without a leader must not come to its servers in step.
const (
	reconnectAfter = 20 * time.Second // from the first denial to the earliest connection
	reconnectPause = 10 * time.Second // the least spread of the first one, and the pause behind it, which doubles
	reconnectMost  = 5 * time.Minute  // what the pause grows to
	denialGap      = 45 * time.Second // denials with a longer gap between them are not one row
)

// reconnect records a denial by e, the active server, and asks for a connection
// to it when it is time. Without denials nothing is asked for: they tell that the
// server is leaderless still, and that calls need another.
func (r *Roster) reconnect(now time.Time, e *entry) {
	d := &r.reconnecting
	if d.first.IsZero() || now.Sub(d.last) > denialGap {
		*d = reconnect{first: now}
	}
	d.last = now
	switch {
	case now.Sub(d.first) < reconnectAfter:
	case d.at.IsZero():
		d.at = now.Add(time.Duration(r.rng.Float64() * r.reconnectSpread(reconnectPause)))
	case due(d.at, now):
		pause := min(reconnectPause<<min(d.tries, 10), reconnectMost)
		d.tries++
		d.at = now.Add(time.Duration(r.reconnectSpread(pause) * (1 + r.rng.Float64()/2)))
		r.box.command(Reconnect{Server: e.server})
	}
}

// reconnectSpread is the time, in nanoseconds, over which the agents of a fleet spread
// their connections: d, or what the servers need to take all of them.
func (r *Roster) reconnectSpread(d time.Duration) float64 {
	scaled := r.cfg.Rebalance.scaled(size{r.numNodes, max(r.list.len(), 1)})
	return max(float64(d), min(scaled, float64(longestInterval)))
}
