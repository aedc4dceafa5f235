package roster

import "github.com/open-nomad/rpcproxy/messages"

// fail marks e failed and reports whether that is new.
func (r *Roster) fail(e *entry, cause error) bool {
	r.failures++
	b := e.blotted()
	b.failure, b.cause = r.failures, cause
	if e.health == messages.Failed {
		return false
	}
	e.health, e.touched = messages.Failed, true
	e.failures++
	r.shared.box.log(Log{Level: Debug, Message: "server failed", Server: e.server, Err: cause})
	return true
}

// revive marks e alive.
func (r *Roster) revive(e *entry) {
	if e.health == messages.Failed {
		r.shared.box.log(Log{Level: Debug, Message: "server answers again", Server: e.server})
	}
	if e.cleared(); e.health != messages.Alive {
		e.health, e.touched, e.logged = messages.Alive, true, false
	}
	e.noteAnswer()
}

// markLeaderless marks e leaderless and reports whether that is new. One line is logged
// until the server is alive again, whatever chances it gets meanwhile.
func (r *Roster) markLeaderless(e *entry, cause error) bool {
	e.noteAnswer()
	if e.health == messages.Leaderless {
		return false
	}
	e.health, e.touched, e.skippedOnce = messages.Leaderless, true, false
	if !e.logged {
		e.logged = true
		r.shared.box.log(Log{Level: Debug, Message: "server knows no leader", Server: e.server, Err: cause})
	}
	return true
}

// markAlive marks e alive, because it carried a call, or a heartbeat that names a leader.
// Failure notices that are under way overrule it if e was Unknown before.
func (r *Roster) markAlive(e *entry) {
	if r.quorum.silent = false; r.rare != nil {
		r.rare.reconnecting = reconnect{}
	}
	if e.health == messages.Unknown {
		e.health, e.logged = messages.Alive, false
		e.noteAnswer()
		return
	}
	r.revive(e)
}

// reached records that e answered a probe that began at this epoch. The answer does not
// show that e knows a leader: a leaderless server becomes Unknown while the cluster has a
// leader, and stays leaderless otherwise, or if it was marked so after the probe began.
func (r *Roster) reached(e *entry, epoch uint64) {
	e.noteAnswer()
	switch {
	case e.health != messages.Leaderless:
		r.revive(e)
	case r.leader != "" && !e.stale(epoch):
		e.health, e.touched = messages.Unknown, true
	}
}
