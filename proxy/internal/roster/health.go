package roster

import (
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// failed takes a failure notice. A notice about the active server makes the next
// one active; any other marks health only. A notice that is older than the
// server's last change does nothing, so callers that fail together on one server
// rotate it away once.
func (r *Roster) failed(now moment.Time, m messages.FailureNotice) {
	answer(&r.shared.box, m.Reply, r.noteFailure(now, m))
}

// noteFailure reports whether the notice changed anything.
func (r *Roster) noteFailure(now moment.Time, m messages.FailureNotice) bool {
	e := r.list.find(m.Server.Addr)
	switch {
	case e == nil || e.stale(m.Epoch):
		return false
	case m.NoQuorum:
		isNew := r.noteNoQuorum(now, e, m)
		r.deny(now)
		return isNew
	}
	if m.Partial {
		e.penalize(now)
	}
	if e != r.list.active() {
		return e.health != messages.Failed && r.fail(e, m.Err)
	}
	isNew := r.fail(e, m.Err)
	r.list.toEnd(e)
	r.restoreIfNoneAlive() // a server that comes back may take over
	if !isNew && r.list.active() == e {
		return false // the only server there is, and it was down before
	}
	e.touched = true
	r.failover(now, e, m.Err)
	return true
}

// recovered takes a report that a server answers. The order stays. A leaderless server
// answers anyway: the report does not show that it knows a leader.
func (r *Roster) recovered(m messages.Recovered) {
	e := r.list.find(m.Server.Addr)
	if e == nil || e.stale(m.Epoch) {
		return
	}
	r.quorum.silent = false
	e.noteAnswer()
	r.discovery.answered(unanswered)
	if e.health != messages.Leaderless {
		r.markAlive(e)
	}
}

// noteNoQuorum takes a notice that e answers and knows no leader, and reports whether it
// changed anything. The active server goes behind those that may know
// one. When none does, each notice makes the next server active, but only if its
// sender knew of the last such change: callers that fail together cause one.
func (r *Roster) noteNoQuorum(now moment.Time, e *entry, m messages.FailureNotice) bool {
	active := e == r.list.active()
	isNew := r.markLeaderless(e, m.Err)
	if !active {
		return isNew
	}
	overtaken := m.Epoch != 0 && m.Epoch < r.rotated
	if !isNew && (overtaken || !r.list.hasLeaderlessBeside(e)) {
		return false
	}
	r.stepBack(now, e, m.Err)
	return true
}

// stepBack moves e, the active server until now, behind the others of its class.
func (r *Roster) stepBack(now moment.Time, e *entry, cause error) {
	r.list.toEnd(e)
	e.touched = true
	r.failover(now, e, cause)
}

// reconnected takes a report that the address of a server without a leader leads to
// one that does, on a session of its own: it gets a chance.
func (r *Roster) reconnected(addr string) {
	if e := r.list.find(addr); e != nil && e.health == messages.Leaderless {
		e.health, e.touched = messages.Unknown, true
	}
}
