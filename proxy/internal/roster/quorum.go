package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// orphanTTLs is how many heartbeat lifetimes without a leader make an orphan.
const orphanTTLs = 3

// quorum tracks whether the cluster still looks after this agent. An agent is an
// orphan when no heartbeat has named a leader for three lifetimes, or when a
// server is left that has not failed.
type quorum struct {
	ttl    time.Duration // of the last heartbeat; zero: unknown
	seen   time.Time     // the last heartbeat with a leader; before any, the first heartbeat
	lapsed bool          // seen is more than three lifetimes ago
	silent bool          // no server answered the last round
}

// heard takes note of a heartbeat. One with a leader ends being an orphan.
func (q *quorum) heard(now time.Time, ttl time.Duration, leader bool) {
	q.ttl = min(ttl, longestInterval)
	if leader {
		q.lapsed, q.silent = false, false
	}
	if leader || q.seen.IsZero() {
		q.seen = now
	}
}

// orphaned says whether the agent is an orphan.
func (q *quorum) orphaned() bool { return q.lapsed || q.silent }

// deadline is when the quorum lapses; zero: it has, or nothing is known of it.
func (q *quorum) deadline() time.Time {
	if q.lapsed || q.ttl <= 0 {
		return time.Time{}
	}
	return q.seen.Add(orphanTTLs * q.ttl)
}

// bereave takes note, whatever led to it, that every server has failed: the
// configured ones, but for those removed by hand, are eligible again at once, until
// one of those that the heartbeat named answers.
func (r *Roster) bereave() {
	if r.quorum.silent || r.list.len() == 0 || r.list.served() {
		return
	}
	r.quorum.silent = true
	r.restoreConfigured(true)
}

// lapse makes an orphan of an agent that no leader has been named to for too
// long: the configured servers, all of them, are eligible again.
func (r *Roster) lapse() {
	r.quorum.lapsed = true
	for i := range r.configured {
		r.configured[i].withdrawn = false
	}
	r.restoreConfigured(false)
}

// configured is a server of the configuration. The configuration is a
// discovery that is always there: heartbeats override it, an orphan gets it back.
type configured struct {
	server    messages.Server
	withdrawn bool // removed by hand: a round that finds nobody does not bring it back
}
