package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// failed takes a failure notice. A notice about the active server makes the next
// one active; any other marks health only. A notice that is older than the
// server's last change does nothing, so callers that fail together on one server
// rotate it away once.
func (r *Roster) failed(now time.Time, m messages.FailureNotice) {
	answer(&r.box, m.Reply, r.noteFailure(now, m))
}

// noteFailure says whether the notice changed anything.
func (r *Roster) noteFailure(now time.Time, m messages.FailureNotice) bool {
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
		e.lapsed(now)
	}
	if e != r.list.active() {
		return e.health != messages.Failed && r.fail(e, m.Err)
	}
	isNew := r.fail(e, m.Err)
	r.list.toEnd(e)
	r.bereave() // who comes back may take over
	if !isNew && r.list.active() == e {
		return false // the only server there is, and it was down before
	}
	e.touched = true
	r.failover(now, e, m.Err)
	return true
}

// fail holds e for failed and says whether that is new.
func (r *Roster) fail(e *entry, cause error) bool {
	r.failures++
	isNew := e.fail(r.failures, cause)
	if isNew {
		r.box.command(Log{Level: Debug, Message: "server failed", Server: e.server, Err: cause})
	}
	return isNew
}

// recovered takes the news that a server answers. The order stays. Of a leaderless
// server that was known, and it says nothing of a leader.
func (r *Roster) recovered(m messages.Recovered) {
	e := r.list.find(m.Server.Addr)
	if e == nil || e.stale(m.Epoch) {
		return
	}
	r.quorum.silent, e.owes = false, 0
	r.discovery.answered(unanswered)
	if e.health != messages.Leaderless {
		r.vouch(e)
	}
}

// revive holds e for alive.
func (r *Roster) revive(e *entry) {
	if e.health == messages.Failed {
		r.box.command(Log{Level: Debug, Message: "server answers again", Server: e.server})
	}
	e.recover()
}
