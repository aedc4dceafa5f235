package roster

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// outcome is how a round ended.
type outcome uint8

const (
	adopted outcome = iota // a server answered: the new order is in use
	frozen                 // the server that answered had left: the old order stays
	nobody                 // no server answered: the old order stays
)

// endRound ends the round under way, cancels what is outstanding of it, answers
// who waits and arms the next one.
func (r *Roster) endRound(now time.Time, how outcome) {
	d := &r.round
	switch how {
	case adopted:
		r.quorum.silent = false
		r.discovery.answered(unanswered)
	case frozen:
		r.quorum.silent = false
		r.markRefused()
		r.box.command(r.roundLog(Debug, "the server that answered has left: order kept"))
	case nobody:
		if d.verifying && r.list.served() {
			r.unverified()
		} else {
			r.giveUp()
		}
	}
	if d.count(asked) > 0 {
		r.box.command(EndRound{Round: d.number})
	}
	d.running = false
	was := r.schedule
	r.rearm(now)
	if d.homeward {
		r.homecoming(now, was)
	}
	r.answerRound(how, now.Sub(d.began))
}

// answerRound gives the result to all who wait for it.
func (r *Roster) answerRound(how outcome, took time.Duration) {
	d := &r.round
	result := messages.RebalanceResult{
		Adopted: how == adopted, Frozen: how == frozen,
		Probed: d.count(asked, refused, answered), Took: took,
	}
	if e := r.list.active(); e != nil {
		result.Active = e.server
	}
	for _, w := range d.waiters {
		answer(&r.box, w, result)
	}
	d.waiters = nil
}

// adopt puts the round's order into use. In each class the winner comes first,
// then the candidates in their order, then who joined meanwhile, then, in the same
// order, those that know no leader, then the candidates that refused. When a backup
// wins, the primaries that were asked and stayed silent count as failed: nobody
// better answered.
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
	r.reached(winner, asked)
	for e := range r.list.all() {
		if e.health == messages.Leaderless || e.behind && e != winner {
			e.rank += leaderless
		}
	}
	r.list.reorder()
	r.box.command(Log{Level: Debug, Message: "rebalanced", Server: winner.server, Fields: Fields{Round: r.round.number, Servers: r.list.len()}})
}

// giveUp takes note that the round found nobody: every server that was asked
// counts as failed, the active one first so that it remains the one to try, and
// servers are looked for.
func (r *Roster) giveUp() {
	r.box.command(r.roundLog(Debug, "no server answered: order kept"))
	r.discovery.ask(unanswered)
	first := r.list.active()
	if first == nil {
		r.quorum.silent = false // there is nobody who could answer
		return
	}
	r.markUnanswered(first)
	for e := range r.list.all() {
		if e != first {
			r.markUnanswered(e)
		}
	}
	// A server that joined or recovered meanwhile may still be worth a call; if there
	// is none, finish sees that nobody is left.
	r.quorum.silent = false
	if r.list.active().health == messages.Alive {
		r.discovery.answered(unanswered)
	}
}

// markUnanswered marks a server whose probe failed or stayed silent.
func (r *Roster) markUnanswered(e *entry) {
	for i := range r.round.candidates {
		if c := &r.round.candidates[i]; c.server.Addr == e.server.Addr && c.believed(e) {
			r.fail(e, c.err)
		}
	}
}

// markRefused marks the servers whose probe failed.
func (r *Roster) markRefused() {
	for i := range r.round.candidates {
		c := &r.round.candidates[i]
		if e := r.list.find(c.server.Addr); e != nil && c.state == refused && c.believed(e) {
			r.fail(e, c.err)
		}
	}
}

// believed says whether e may be marked failed because the candidate did not
// answer: it was asked, and nothing newer is known.
func (c *candidate) believed(e *entry) bool {
	return c.state != waiting && !(e.health != messages.Failed && e.stale(c.epoch))
}

// roundLog is a log line about the round under way.
func (r *Roster) roundLog(level Level, message string) Log {
	d := &r.round
	return Log{Level: level, Message: message, Fields: Fields{Round: d.number, Servers: d.count(asked, refused, answered)}}
}
