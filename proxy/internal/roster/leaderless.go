package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// noteNoQuorum takes a notice that e answers and knows no leader, and says
// whether it changed anything. The active server goes behind those that may know
// one. When none does, each notice passes the turn on, but only if its sender
// knew of the last change of turns: callers that fail together pass it on once.
func (r *Roster) noteNoQuorum(now time.Time, e *entry, m messages.FailureNotice) bool {
	active := e == r.list.active()
	isNew := r.doubt(e, m.Err)
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

// hearLeader takes what a heartbeat from addr said about the leader. Unless the
// server is listed it means nothing.
func (r *Roster) hearLeader(now time.Time, addr string, leader bool) {
	e := r.list.find(addr)
	switch {
	case e == nil:
	case leader:
		r.vouch(e)
	default:
		active := e == r.list.active()
		if r.doubt(e, nil) && active {
			r.stepBack(now, e, nil)
		}
		if e = r.list.active(); e.health == messages.Leaderless {
			r.reconnect(now, e)
		}
	}
}

// stepBack moves e, the active server until now, behind the others of its class.
func (r *Roster) stepBack(now time.Time, e *entry, cause error) {
	r.list.toEnd(e)
	e.touched = true
	r.failover(now, e, cause)
}

// doubt holds e for leaderless and says whether that is new. One line is logged
// until the server is alive again, whatever chances it gets meanwhile.
func (r *Roster) doubt(e *entry, cause error) bool {
	isNew := e.doubt()
	if isNew && !e.told {
		e.told = true
		r.box.command(Log{Level: Debug, Message: "server knows no leader", Server: e.server, Err: cause})
	}
	return isNew
}

// vouch holds e for alive, because it carried a call, or a heartbeat that names a
// leader. Failure notices that are under way overrule it unless something was held
// against e before.
func (r *Roster) vouch(e *entry) {
	r.quorum.silent, r.reconnecting = false, reconnect{}
	if e.health == messages.Unknown {
		e.health, e.told, e.owes = messages.Alive, false, 0
		return
	}
	r.revive(e)
}

// reached takes note that e answered a probe that began at this epoch. Such an
// answer says nothing of a leader: while the cluster has one, a leaderless
// server gets a chance; otherwise, or if the doubt is newer than the probe, it
// stays what it is.
func (r *Roster) reached(e *entry, epoch uint64) {
	e.owes = 0
	switch {
	case e.health != messages.Leaderless:
		r.revive(e)
	case r.leader != "" && !e.stale(epoch):
		e.health, e.touched = messages.Unknown, true
	}
}

// late says whether a round tries e after the others of its class: it knows no
// leader. A round passes it over once; as long as the cluster has a leader, the
// next one gives it its turn again. Otherwise it would never be probed while any
// other server answers.
func (r *Roster) late(e *entry) bool {
	return e.health == messages.Leaderless && (r.leader == "" || !e.passed)
}

// hasLeaderlessBeside says whether another server of e's class is leaderless too.
func (l *list) hasLeaderlessBeside(e *entry) bool {
	return slices.ContainsFunc(l.class(e), func(other *entry) bool {
		return other != e && other.health == messages.Leaderless
	})
}
