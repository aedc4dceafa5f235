package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// denials are answers of servers that they know no leader, while none was left that
// may know one. Where they come instead of every heartbeat's answer, nothing else
// tells that the cluster is elsewhere. An election gives a few, and then no more:
// what counts is from the first to the last of a row without a longer gap.
type denials struct{ first, last time.Time }

// patience is how long denials must go on, and how long after the last they count.
const patience = orphanTTLs * defaultTTL

// end is when the denials count no more; zero: there are none.
func (d denials) end() time.Time {
	if d.last.IsZero() {
		return d.last
	}
	return d.last.Add(patience)
}

// denies takes note of a denial and says whether they have lasted too long.
func (q *quorum) denies(now time.Time) bool {
	q.subside(now)
	if q.denied.last = now; q.denied.first.IsZero() {
		q.denied.first = now
	}
	return now.Sub(q.denied.first) >= patience
}

// subside forgets denials that count no more, and says whether it did. Who was an
// orphan because of them alone is none then.
func (q *quorum) subside(now time.Time) bool {
	if !due(q.denied.end(), now) {
		return false
	}
	q.denied = denials{}
	q.lapsed = q.lapsed && due(q.limit(), now)
	return true
}

// deny follows a notice that a server knows no leader: if no server is left that
// may know one, servers are looked for, at once, whatever heartbeats say.
func (r *Roster) deny(now time.Time) {
	if e := r.list.active(); e == nil || e.health != messages.Leaderless {
		return
	}
	r.reconnect(now, r.list.active())
	r.discovery.ask(denied)
	if r.quorum.denies(now) && !r.quorum.lapsed {
		r.lapse()
	}
}
