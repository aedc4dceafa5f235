package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// Waiting is the replies of those who wait for the end of a round, and of those whose
// answer has not been taken, or was in the last Take. It is for a shell that ends,
// whatever kept it from delivering them.
func (r *Roster) Waiting() []actor.Reply[messages.RebalanceResult] {
	waiting := slices.Clone(r.round.waiters)
	for _, effects := range [][]Effect{r.box.answers, r.box.out} {
		for _, e := range effects {
			if a, ok := e.(Answer[messages.RebalanceResult]); ok {
				waiting = append(waiting, a.To)
			}
		}
	}
	return waiting
}
