package roster

import "github.com/open-nomad/rpcproxy/messages"

// why says, for an operator, why the active server is the active one. It follows
// list.active.
func (r *Roster) why() string {
	e := r.list.active()
	switch {
	case e == nil:
		return "no server is known"
	case e.health == messages.Failed:
		return "no server answers; this one failed longest ago"
	case e.health == messages.Leaderless:
		return "no server knows a leader; first of those that answer"
	case r.list.isBackup(e):
		if len(r.list.primaries) == 0 {
			return "there is no primary; first backup that has not failed"
		}
		return "no primary answers and knows a leader; first backup that has not failed"
	case e.held:
		return "none of the servers that the heartbeat names has answered yet; first of the former ones"
	case e == r.list.primaries[0]:
		return "first of the ranking"
	}
	return "first of the ranking that has not failed and may know a leader"
}
