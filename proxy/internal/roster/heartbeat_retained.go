package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// A heartbeat may replace every server by ones that this agent cannot reach: by
// addresses that are good inside the cluster only, or by a cluster that is not up
// yet. So what works is not let go for what was never seen to work: the old
// servers are held, in front, until one of the new ones answers.

// verifications is how often in a row a heartbeat has the new servers probed;
// after that the regular rounds do.
const verifications = 4

// verify has the servers probed that are to replace the held ones, a few times
// in a row; a round that is under way is waited for.
func (r *Roster) verify(now time.Time) {
	switch {
	case !r.list.retaining():
		r.verified = 0
	case r.verified < verifications && !r.round.running:
		r.verified++
		r.beginRound(now, true) // agents that are told the same begin it together: their regular rounds must not follow together
	}
}

// releaseRetained lets go of what is kept for want of a server that works, as soon as one
// does: of the servers that are held, and, if a heartbeat with a leader has named
// that one, of those that worked before the last start.
func (r *Roster) releaseRetained() {
	if r.list.remembered == 0 && !r.list.retaining() {
		return
	}
	for _, e := range r.list.primaries {
		if e.retained || e.health != messages.Alive {
			continue
		}
		if r.list.retaining() {
			r.list.dismiss(func(e *entry) bool { return e.retained })
			r.list.prefer(front{}) // whoever carried calls, they were to be carried by one of these
			r.box.command(Log{Level: Info, Message: "a server in place of the former ones answers: they leave", Server: e.server})
		}
		if r.leader != "" && e.source == messages.SourceHeartbeat {
			r.list.forgetRemembered()
		}
		return
	}
}
