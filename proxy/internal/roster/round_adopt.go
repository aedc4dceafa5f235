package roster

import "github.com/open-nomad/rpcproxy/messages"

// adopt puts the round's order into use. In each class the winner comes first,
// then the candidates in their order, then the servers that joined meanwhile, then, in the same
// order, those that know no leader, then the candidates that refused. When a backup
// wins, the primaries that were asked and stayed silent count as failed.
func (r *Roster) adopt(winner *entry) {
	candidates := r.round.candidates
	joined := len(candidates) + 1
	leaderless, last := joined+1, 2*(joined+1) // added to a rank
	for e := range r.list.all() {
		e.rank = joined
	}
	backupWon := r.list.isBackup(winner)
	var asked uint64 // epoch that the winner was asked in
	for i := range candidates {
		c := &candidates[i]
		e := r.list.find(c.server.Addr)
		switch {
		case e == nil:
		case e == winner:
			e.rank, asked = 0, c.epoch
		case c.believed(e) && c.state == refused:
			r.fail(e, c.err)
			e.rank = last + i
		default:
			e.rank = 1 + i
			if backupWon && !r.list.isBackup(e) && c.believed(e) {
				r.fail(e, c.err)
			}
		}
	}
	if winner != r.list.active() {
		r.sweep++
	}
	lastAskedLook := winner.lastAskedLook // its answer came when its probe did: it may have been asked for another since
	r.reached(winner, asked)
	winner.lastAskedLook = lastAskedLook
	for e := range r.list.all() {
		if e.health == messages.Leaderless || e.behind && e != winner {
			e.rank += leaderless
		}
	}
	r.list.reorder()
	r.box.command(Log{Level: Debug, Message: "rebalanced", Server: winner.server, Fields: Fields{Round: r.round.number, Servers: r.list.len()}})
}
