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

// toHold tells which of the servers that the named ones replace are to be held,
// and whether some are. None is if one of those named has just answered and named a
// leader, or may well work: it was here before and was not held for failed. While
// servers are held, or one is lost that is known to work, that is not enough; then
// it must be known to work itself. Who carried the heartbeat, from, answers in any
// case.
func (l *list) toHold(named map[string]bool, from string, leader bool) (hold func(*entry) bool, some bool) {
	holding, loses := l.holding(), l.loses(named)
	for addr := range named {
		e := l.find(addr)
		switch {
		case leader && addr == from:
			return nobodyHeld, false
		case e == nil, e.health == messages.Failed, holding && !e.held, loses && !e.works():
		default:
			return nobodyHeld, false
		}
	}
	return func(e *entry) bool {
		return e.held || e.server.Addr == from || !holding && e.health != messages.Failed
	}, true
}

func nobodyHeld(*entry) bool { return false }

// loses says whether a server is not among those named that is known to work and
// carries calls, or would.
func (l *list) loses(named map[string]bool) bool {
	lost := func(e *entry) bool { return e.health == messages.Alive && !named[e.server.Addr] }
	active := l.active()
	return active != nil && lost(active) || slices.ContainsFunc(l.primaries, lost)
}

// promote makes the active server a primary, in front, if it is a backup that has
// not failed: it carries the calls, and goes before servers nobody has reached.
func (l *list) promote(named map[string]bool) {
	e := l.active()
	if e == nil || e.health == messages.Failed || named[e.server.Addr] || !l.isBackup(e) {
		return
	}
	l.backups = without(l.backups, e)
	l.primaries = slices.Insert(l.primaries, 0, e)
	e.source = e.listedBy
}

// front is the active server and the class it stands in.
type front struct {
	entry  *entry
	backup bool
}

// front is what carries calls now.
func (l *list) front() front {
	e := l.active()
	return front{entry: e, backup: e != nil && l.isBackup(e)}
}

// prefer follows a change of who is in which class. If that took the active server,
// was, away or into the other class, or there was none, a server that nobody has
// reached may stand in front of one that works: a primary that does, was itself if
// it can be, goes before all then.
func (l *list) prefer(was front) {
	active := l.active()
	if active == nil || active.health != messages.Unknown {
		return
	}
	if was.entry != nil && slices.Contains(l.class(was.entry), was.entry) && l.isBackup(was.entry) == was.backup {
		return // it stays what it was
	}
	works := func(e *entry) bool { return e.health == messages.Alive }
	i := slices.Index(l.primaries, was.entry)
	if i < 0 || !works(l.primaries[i]) {
		i = slices.IndexFunc(l.primaries, works)
	}
	if i >= 0 {
		e := l.primaries[i]
		l.primaries = slices.Insert(slices.Delete(l.primaries, i, i+1), 0, e)
	}
}

// verify has the servers probed that are to replace the held ones, a few times
// in a row; a round that is under way is waited for.
func (r *Roster) verify(now time.Time) {
	switch {
	case !r.list.holding():
		r.verified = 0
	case r.verified < verifications && !r.round.running:
		r.verified++
		r.beginRound(now, true) // agents that are told the same begin it together: their regular rounds must not follow together
	}
}

// verifying says whether the round that begins is about the servers that are to
// replace the held ones, and about nobody else: one of those carries calls.
func (r *Roster) verifying() bool {
	return r.list.holding() && r.list.served()
}

// release lets go of what is kept for want of a server that works, as soon as one
// does: of the servers that are held, and, if a heartbeat with a leader has named
// that one, of those that worked before the last start.
func (r *Roster) release() {
	if r.list.remembered == 0 && !r.list.holding() {
		return
	}
	for _, e := range r.list.primaries {
		if e.held || e.health != messages.Alive {
			continue
		}
		if r.list.holding() {
			r.list.dismiss(func(e *entry) bool { return e.held })
			r.list.prefer(front{}) // whoever carried calls, they were to be carried by one of these
			r.box.command(Log{Level: Info, Message: "a server in place of the former ones answers: they leave", Server: e.server})
		}
		if r.leader != "" && e.source == messages.SourceHeartbeat {
			r.list.forgetRemembered()
		}
		return
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
	message := "none of the servers that the heartbeat names answers: the former ones are kept"
	if !r.list.holding() {
		level, message = Debug, "no server that was asked answers: order kept" // others were set by hand meanwhile
	}
	r.box.command(r.roundLog(level, message))
}
