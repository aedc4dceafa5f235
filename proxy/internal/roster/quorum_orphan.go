package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// expireQuorum does what is due about the quorum.
func (r *Roster) expireQuorum(now time.Time) {
	if r.quorum.expireDenials(now) {
		r.discovery.answered(denied)
	}
	if due(r.quorum.expiry(), now) {
		r.orphan()
	}
}

// restoreIfNoneAlive lists the seeds again at once when every server has failed, whatever
// led to it, until a server that the heartbeat named answers. Seeds that were removed by
// hand stay away.
func (r *Roster) restoreIfNoneAlive() {
	if r.quorum.silent || r.list.len() == 0 || r.list.served() {
		return
	}
	r.quorum.silent = true
	r.restoreSeeds(true)
}

// orphan makes an orphan of an agent that no leader has been named to for too
// long: the seeds, all of them, are eligible again.
func (r *Roster) orphan() {
	r.quorum.expired = true
	for i := range r.seeds {
		r.seeds[i].withdrawn = false
	}
	r.restoreSeeds(false)
}

// deny follows a notice that a server knows no leader: if no server is left that
// may know one, servers are looked for, at once, whatever heartbeats say.
func (r *Roster) deny(now time.Time) {
	if e := r.list.active(); e == nil || e.health != messages.Leaderless {
		return
	}
	r.reconnect(now, r.list.active())
	r.discovery.ask(denied)
	if r.quorum.denies(now) && !r.quorum.expired {
		r.orphan()
	}
}
