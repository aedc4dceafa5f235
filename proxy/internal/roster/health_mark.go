package roster

import "github.com/open-nomad/rpcproxy/messages"

// fail holds e for failed and says whether that is new.
func (r *Roster) fail(e *entry, cause error) bool {
	r.failures++
	isNew := e.fail(r.failures, cause)
	if isNew {
		r.box.command(Log{Level: Debug, Message: "server failed", Server: e.server, Err: cause})
	}
	return isNew
}

// revive holds e for alive.
func (r *Roster) revive(e *entry) {
	if e.health == messages.Failed {
		r.box.command(Log{Level: Debug, Message: "server answers again", Server: e.server})
	}
	e.recover()
}

// markLeaderless holds e for leaderless and says whether that is new. One line is logged
// until the server is alive again, whatever chances it gets meanwhile.
func (r *Roster) markLeaderless(e *entry, cause error) bool {
	isNew := e.markLeaderless()
	if isNew && !e.logged {
		e.logged = true
		r.box.command(Log{Level: Debug, Message: "server knows no leader", Server: e.server, Err: cause})
	}
	return isNew
}

// markAlive holds e for alive, because it carried a call, or a heartbeat that names a
// leader. Failure notices that are under way overrule it unless something was held
// against e before.
func (r *Roster) markAlive(e *entry) {
	r.quorum.silent, r.reconnecting = false, reconnect{}
	if e.health == messages.Unknown {
		e.health, e.logged, e.lastAskedLook = messages.Alive, false, 0
		return
	}
	r.revive(e)
}

// reached takes note that e answered a probe that began at this epoch. Such an
// answer says nothing of a leader: while the cluster has one, a leaderless
// server gets a chance; otherwise, or if the doubt is newer than the probe, it
// stays what it is.
func (r *Roster) reached(e *entry, epoch uint64) {
	e.lastAskedLook = 0
	switch {
	case e.health != messages.Leaderless:
		r.revive(e)
	case r.leader != "" && !e.stale(epoch):
		e.health, e.touched = messages.Unknown, true
	}
}
