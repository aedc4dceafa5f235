package roster

import "github.com/open-nomad/rpcproxy/messages"

// fail marks e failed and reports whether that is new.
func (r *Roster) fail(e *entry, cause error) bool {
	r.failures++
	isNew := e.fail(r.failures, cause)
	if isNew {
		r.box.command(Log{Level: Debug, Message: "server failed", Server: e.server, Err: cause})
	}
	return isNew
}

// revive marks e alive.
func (r *Roster) revive(e *entry) {
	if e.health == messages.Failed {
		r.box.command(Log{Level: Debug, Message: "server answers again", Server: e.server})
	}
	e.recover()
}

// markLeaderless marks e leaderless and reports whether that is new. One line is logged
// until the server is alive again, whatever chances it gets meanwhile.
func (r *Roster) markLeaderless(e *entry, cause error) bool {
	isNew := e.markLeaderless()
	if isNew && !e.logged {
		e.logged = true
		r.box.command(Log{Level: Debug, Message: "server knows no leader", Server: e.server, Err: cause})
	}
	return isNew
}

// markAlive marks e alive, because it carried a call, or a heartbeat that names a leader.
// Failure notices that are under way overrule it if e was Unknown before.
func (r *Roster) markAlive(e *entry) {
	r.quorum.silent, r.reconnecting = false, reconnect{}
	if e.health == messages.Unknown {
		e.health, e.logged, e.lastAskedLook = messages.Alive, false, 0
		return
	}
	r.revive(e)
}

// reached records that e answered a probe that began at this epoch. The answer does not
// show that e knows a leader: a leaderless server becomes Unknown while the cluster has a
// leader, and stays leaderless otherwise, or if it was marked so after the probe began.
func (r *Roster) reached(e *entry, epoch uint64) {
	e.lastAskedLook = 0
	switch {
	case e.health != messages.Leaderless:
		r.revive(e)
	case r.leader != "" && !e.stale(epoch):
		e.health, e.touched = messages.Unknown, true
	}
}
