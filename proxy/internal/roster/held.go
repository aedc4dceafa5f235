package roster

import (
	"slices"
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

// holding says whether servers are held.
func (l *list) holding() bool {
	return slices.ContainsFunc(l.primaries, func(e *entry) bool { return e.held })
}

// trusted says whether a heartbeat that names e names a server that may well
// work: it was here before, and was not held for failed. While servers are held,
// those that are not have yet to show that they can be reached.
func (l *list) trusted(e *entry) bool {
	return e != nil && e.health != messages.Failed && (e.held || !l.holding())
}

// toHold tells which of the servers that the members replace are to be held:
// none if one of the members may well work, or has just answered and named a
// leader, else those that may.
func (l *list) toHold(members []member, vouched string) func(*entry) bool {
	works := func(m member) bool { return m.server.Addr == vouched || l.trusted(l.find(m.server.Addr)) }
	if slices.ContainsFunc(members, works) {
		return func(*entry) bool { return false }
	}
	holding := l.holding()
	return func(e *entry) bool { return e.held || !holding && e.health != messages.Failed }
}

// verify has the servers probed that are to replace the held ones, a few times
// in a row; a round that is under way is waited for.
func (r *Roster) verify(now time.Time) {
	switch {
	case !r.list.holding():
		r.verified = 0
	case r.verified < verifications && !r.round.running:
		r.verified++
		r.beginRound(now)
	}
}

// verifying says whether the round that begins is about the servers that are to
// replace the held ones, and about nobody else: one of those carries calls.
func (r *Roster) verifying() bool {
	return r.list.holding() && r.list.served()
}

// release lets the held servers go as soon as one that is to replace them
// answers.
func (r *Roster) release() {
	if !r.list.holding() {
		return
	}
	for _, e := range r.list.primaries {
		if !e.held && e.health == messages.Alive {
			r.list.dismiss(func(e *entry) bool { return e.held })
			r.box.command(Log{Level: Info, Message: "a server that the heartbeat names answers: the former ones leave", Server: e.server})
			return
		}
	}
}

// unverified ends a round about the servers that are to replace the held ones:
// none of them answered.
func (r *Roster) unverified() {
	for e := range r.list.all() {
		r.markUnanswered(e)
	}
	level := Debug
	if r.verified <= 1 {
		level = Warn
	}
	r.box.command(r.roundLog(level, "none of the servers that the heartbeat names answers: the former ones are kept"))
}
