package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// endRound ends the round under way, cancels what is outstanding of it, answers
// the callers and sets the time of the next one.
func (r *Roster) endRound(now moment.Time, how outcome) {
	d := &r.round
	switch how {
	case adopted:
		r.quorum.silent = false
		r.discovery.answered(unanswered)
	case frozen:
		r.quorum.silent = false
		r.markRefused()
		r.shared.box.log(r.roundLog(Debug, "the server that answered has left: order kept"))
	case noAnswer:
		if d.verifying && r.list.served() {
			r.unverified()
		} else {
			r.giveUp()
		}
	}
	if d.count(asked) > 0 {
		r.shared.box.command(EndRound{Round: d.number})
	}
	d.running = false
	was, regular := r.schedule, r.regular()
	if r.rearm(now); d.extra && !due(regular, now) { // or it has come in the place of the regular one
		r.schedule.last, r.schedule.first, r.schedule.draws = was.last, was.first, was.draws
	}
	if d.homeward {
		r.retryHome(now, was)
	}
	if r.schedule.home == "" {
		r.list.departed = r.list.departed[:0]
	}
	r.again(now, how)
	r.answerRound(how, now.Sub(d.began))
	r.shared.ended(d.course)
	d.course = nil
}

// again has another round follow soon: for the servers of a long list that were
// not tried while none has answered, and for those that joined during this one.
func (r *Roster) again(now moment.Time, how outcome) {
	if how == noAnswer && r.round.short && r.untried(r.list.primaries) {
		r.bringForward(now)
	}
	if slices.ContainsFunc(r.list.primaries, func(e *entry) bool { return e.joined }) {
		r.schedule.joined = true
		r.bringForward(now)
	}
}

// answerRound answers every caller that waits for the round.
func (r *Roster) answerRound(how outcome, took time.Duration) {
	d := &r.round
	result := messages.RebalanceResult{
		Adopted: how == adopted, Frozen: how == frozen,
		Probed: d.count(asked, refused, answered), Took: took,
	}
	if e := r.list.active(); e != nil {
		result.Active = e.server
	}
	if r.rare == nil {
		return
	}
	for _, w := range r.rare.waiters {
		answer(&r.shared.box, w, result)
	}
	r.rare.waiters = nil
}

// exhausted ends a round in which no other server has answered: one that is kept behind
// and did is better than none.
func (r *Roster) exhausted(now moment.Time) {
	for _, c := range r.round.candidates {
		if e := r.list.find(c.server.Addr); c.state == answered && e != nil && e.behind {
			r.adopt(e)
			r.endRound(now, adopted)
			return
		}
	}
	r.endRound(now, noAnswer)
}

// giveUp ends a round that found no server: every server that was asked
// counts as failed, the active one first so that it remains the one to try, and
// servers are looked for.
func (r *Roster) giveUp() {
	r.shared.box.log(r.roundLog(Debug, "no server answered: order kept"))
	r.discovery.ask(unanswered)
	first := r.list.active()
	if first == nil {
		r.quorum.silent = false // there is no server that could answer
		return
	}
	r.markUnanswered(first)
	for e := range r.list.all() {
		if e != first {
			r.markUnanswered(e)
		}
	}
	// A server that joined or recovered meanwhile may still be worth a call; if there
	// is none, finish restores the seeds.
	r.quorum.silent = false
	if r.list.active().health == messages.Alive {
		r.discovery.answered(unanswered)
	}
}

// unverified ends a round about the servers that are to replace the retained ones:
// none of them answered.
func (r *Roster) unverified() {
	for e := range r.list.all() {
		r.markUnanswered(e)
	}
	level := Debug
	if r.verified <= 1 {
		level = Warn
	}
	message := "none of the servers that the heartbeat names answers: the former ones are kept"
	if !r.list.retaining() {
		level, message = Debug, "no server that was asked answers: order kept" // others were set by hand meanwhile
	}
	r.shared.box.log(r.roundLog(level, message))
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

// roundLog is a log line about the round under way.
func (r *Roster) roundLog(level Level, message string) Log {
	d := &r.round
	return Log{Level: level, Message: message, Fields: Fields{Round: d.number, Servers: d.count(asked, refused, answered)}}
}

// adopt puts the round's order into use. In each class the winner comes first,
// then the candidates in their order, then the servers that joined meanwhile, then, in the same
// order, those that know no leader, then the candidates that refused. When a backup
// wins, the primaries that were asked and stayed silent count as failed.
func (r *Roster) adopt(winner *entry) {
	candidates := r.round.candidates
	joined := int32(len(candidates) + 1)
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
			e.rank = last + int32(i)
		default:
			e.rank = 1 + int32(i)
			if backupWon && !r.list.isBackup(e) && c.believed(e) {
				r.fail(e, c.err)
			}
		}
	}
	if winner != r.list.active() {
		r.sweep++
	}
	look := winner.look() // its answer came when its probe did: it may have been asked for another since
	r.reached(winner, asked)
	if look != winner.look() {
		winner.blotted().lastAskedLook = look
	}
	for e := range r.list.all() {
		if e.health == messages.Leaderless || e.behind && e != winner {
			e.rank += leaderless
		}
	}
	r.list.reorder()
	r.shared.box.log(Log{Level: Debug, Message: "rebalanced", Server: winner.server, Fields: Fields{Round: r.round.number, Servers: r.list.len()}})
}
