package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// A heartbeat may replace every server by ones that this agent cannot reach: by
// addresses that are good inside the cluster only, or by a cluster that is not up
// yet. So servers that work do not leave for servers that were never seen to work: the
// former ones are retained, in front, until one of the new ones answers.

// verifications is how often in a row a heartbeat has the new servers probed;
// after that the regular rounds do.
const verifications = 4

// verify has the servers probed that are to replace the retained ones, a few times
// in a row; a round that is under way is waited for.
func (r *Roster) verify(now time.Time) {
	switch {
	case !r.list.retaining():
		r.verified = 0
	case r.verified < verifications && !r.round.running:
		r.verified++
		r.beginRound(now, true) // agents that get the same list begin it together: their regular rounds must not follow together
	}
}

// releaseRetained takes out the servers that are listed only for want of one that works,
// as soon as one does: the retained ones and, if a heartbeat with a leader has named the
// one that works, those that worked before the last start.
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
			r.list.prefer(front{}) // one of the new servers takes the calls
			r.box.command(Log{Level: Info, Message: "a server in place of the former ones answers: they leave", Server: e.server})
		}
		if r.leader != "" && e.source == messages.SourceHeartbeat {
			r.list.forgetRemembered()
		}
		return
	}
}
