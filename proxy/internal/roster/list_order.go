package roster

import (
	"cmp"
	"slices"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// promote makes the active server a primary, in front, if it is a backup that has
// not failed: it carries the calls, and goes before servers that were never reached.
func (l *list) promote(named map[string]bool) {
	e := l.active()
	if e == nil || e.health == messages.Failed || named[e.key] || !l.isBackup(e) {
		return
	}
	l.backups = without(l.backups, e)
	l.primaries = slices.Insert(l.primaries, 0, e)
	l.describe(e, e.datacenter, e.listedBy, e.listedBy)
}

// prefer follows a change of the members. If it took the active server, was, away or into
// the other class, or there was none, a server that was never reached may be in front of
// one that works. Then a primary that is alive goes first: was itself, if it is
// one.
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

// toEnd moves e to the end of its class.
func (l *list) toEnd(e *entry) {
	class := l.class(e)
	if i := slices.Index(class, e); i >= 0 {
		copy(class[i:], class[i+1:])
		class[len(class)-1] = e
	}
}

// reorder sorts each class by its entries' rank; equals keep their order.
func (l *list) reorder() {
	byRank := func(a, b *entry) int { return cmp.Compare(a.rank, b.rank) }
	slices.SortStableFunc(l.primaries, byRank)
	slices.SortStableFunc(l.backups, byRank)
}

// forgiven ends the time of the servers for which it is over.
func (l *list) forgiven(now moment.Time) {
	for e := range l.all() {
		e.behind = e.behind && now.Before(e.until)
	}
}

// toFront moves e before the others, if it is among them.
func toFront(class []*entry, e *entry) {
	if i := slices.Index(class, e); i > 0 {
		copy(class[1:i+1], class[:i])
		class[0] = e
	}
}

// without is class with e deleted, in place.
func without(class []*entry, e *entry) []*entry {
	return slices.DeleteFunc(class, func(x *entry) bool { return x == e })
}

// toRetain selects which of the servers that the named ones replace are retained, and
// reports whether any may be. None is if one of the named servers will do:
//
//	named server                     none is retained yet   some are
//	carried the heartbeat (from),
//	and that names a leader          will do                will do
//	new to the list, or failed       -                      -
//	Unknown, a live one would leave  -                      -
//	Unknown otherwise                will do                if it is retained
//	Alive or Leaderless              will do                if it is retained
//
// Otherwise these are: every primary that has not failed, or, if some are retained
// already, those; and the server that carried the heartbeat.
func (l *list) toRetain(named map[string]bool, from string, leader bool) (retain func(*entry) bool, retainsAny bool) {
	retaining, loses := l.retaining(), l.loses(named)
	from = keyOf(from)
	for addr := range named {
		e := l.find(addr)
		switch {
		case leader && addr == from:
			return retainNone, false
		case e == nil, e.health == messages.Failed, retaining && !e.retained, loses && !e.works():
		default:
			return retainNone, false
		}
	}
	return func(e *entry) bool {
		return e.retained || e.key == from || !retaining && e.health != messages.Failed
	}, true
}

func retainNone(*entry) bool { return false }
