package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// witnesses is how many other servers are asked when one is silent: enough to
// pass over dead ones, few enough not to burden a cluster in trouble.
const witnesses = 3

// suspected looks for servers that could bear witness: the next in the ranking,
// those that may know a leader first, those held for failed last. Without another
// server there is none, and the silent one is kept.
func (r *Roster) suspected(m messages.Suspected) {
	suspect := r.list.find(m.Addr)
	if suspect == nil {
		return
	}
	var up, leaderless, down []messages.Server
	for e := range r.list.all() {
		switch {
		case e == suspect:
		case e.health == messages.Failed:
			down = append(down, e.server)
		case e.health == messages.Leaderless:
			leaderless = append(leaderless, e.server)
		default:
			up = append(up, e.server)
		}
	}
	others := slices.Concat(up, leaderless, down)
	if len(others) == 0 {
		return
	}
	r.box.command(Witness{
		Suspect: suspect.server, Others: others[:min(len(others), witnesses)], Epoch: r.asOf(suspect),
	})
}
