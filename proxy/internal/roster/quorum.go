package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
)

// orphanTTLs is how many heartbeat lifetimes without a leader make an orphan.
const orphanTTLs = 3

// defaultTTL is the TTL of a heartbeat that named none.
const defaultTTL = 30 * time.Second

// quorum tracks whether the cluster still looks after this agent. An agent is an
// orphan when no heartbeat has named a leader for three lifetimes, when servers
// have denied for as long that they know one and no server was left that may, or
// when no server is left that has not failed.
//
// Each clock needs evidence to start: the first heartbeat, the first denial. An
// agent that sends no heartbeats, and whose calls are answered, gives none, and is
// no orphan however long it runs.
type quorum struct {
	ttl     time.Duration // of the last heartbeat that named one; zero: unknown
	seen    moment.Time   // the last heartbeat with a leader; before any, the first heartbeat
	denied  denials       // since the last heartbeat with a leader
	expired bool          // seen is more than three TTLs ago, or the denials have lasted for as long
	silent  bool          // no server answered the last round
}

// heard records a heartbeat. With a leader it ends the orphan state. Without one, and
// without a TTL, the last TTL stays in force.
func (q *quorum) heard(now moment.Time, ttl time.Duration, leader bool) {
	switch {
	case leader:
		q.denied, q.expired, q.silent = denials{}, false, false
		q.ttl = min(ttl, longestInterval)
	case ttl > 0:
		q.ttl = min(ttl, longestInterval)
	case q.ttl <= 0:
		q.ttl = defaultTTL
	}
	if leader || q.seen.IsZero() {
		q.seen = now
	}
}

// orphaned reports whether the agent is an orphan.
func (q *quorum) orphaned() bool { return q.expired || q.silent }

// limit is when three lifetimes without a leader are over; zero: nothing is known
// of them.
func (q *quorum) limit() moment.Time {
	if q.seen.IsZero() || q.ttl <= 0 {
		return 0
	}
	return q.seen.Add(orphanTTLs * q.ttl)
}

// expiry is when the quorum expires; zero: it has, or nothing is known of it.
func (q *quorum) expiry() moment.Time {
	if q.expired {
		return 0
	}
	return q.limit()
}

// deadline is when there is something to be done about the quorum; zero: never.
func (q *quorum) deadline() moment.Time {
	end := q.denied.expiry()
	if expiry := q.expiry(); end.IsZero() || !expiry.IsZero() && expiry.Before(end) {
		return expiry
	}
	return end
}

// denials are answers of servers that they know no leader, while none was left that
// may know one. Where they come instead of every heartbeat's answer, nothing else
// tells that the cluster is elsewhere. An election gives a few, and then no more:
// what counts is from the first to the last of a row without a longer gap.
type denials struct{ first, last moment.Time }

// patience is how long denials must go on, and how long after the last they count.
const patience = orphanTTLs * defaultTTL

// expiry is when the denials count no more; zero: there are none.
func (d denials) expiry() moment.Time {
	if d.last.IsZero() {
		return d.last
	}
	return d.last.Add(patience)
}

// denies records a denial and reports whether denials have lasted too long.
func (q *quorum) denies(now moment.Time) bool {
	q.expireDenials(now)
	if q.denied.last = now; q.denied.first.IsZero() {
		q.denied.first = now
	}
	return now.Sub(q.denied.first) >= patience
}

// expireDenials forgets denials that count no more, and reports whether it did. An agent
// that is an orphan because of them alone is none then.
func (q *quorum) expireDenials(now moment.Time) bool {
	if !due(q.denied.expiry(), now) {
		return false
	}
	q.denied = denials{}
	q.expired = q.expired && due(q.limit(), now)
	return true
}
