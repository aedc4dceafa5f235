package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// expireQuorum does what is due about the quorum.
func (r *Roster) expireQuorum(now time.Time) {
	if r.quorum.subside(now) {
		r.discovery.answered(denied)
	}
	if due(r.quorum.lapse(), now) {
		r.lapse()
	}
}

// bereave takes note, whatever led to it, that every server has failed: the
// seeds, but for those removed by hand, are eligible again at once, until
// one of those that the heartbeat named answers.
func (r *Roster) bereave() {
	if r.quorum.silent || r.list.len() == 0 || r.list.served() {
		return
	}
	r.quorum.silent = true
	r.restoreSeeds(true)
}

// lapse makes an orphan of an agent that no leader has been named to for too
// long: the seeds, all of them, are eligible again.
func (r *Roster) lapse() {
	r.quorum.lapsed = true
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
	if r.quorum.denies(now) && !r.quorum.lapsed {
		r.lapse()
	}
}
