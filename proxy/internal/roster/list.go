package roster

import (
	"cmp"
	"iter"
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// list is the ranking: primaries in order, then backups in order. Keeping two
// slices makes it impossible for a backup to stand before a primary. Lookups
// are linear: lists are short, and nothing can come out in a map's order.
type list struct {
	primaries, backups []*entry
	known              *known
	edits              uint64   // grows with every call that can change the members of a class
	remembered         int32    // servers that came from before the last start
	joins              int32    // servers that have become primaries so far
	departed           []string // addresses of primaries that have left since the last round, bounded
}

// member is a server that is to join, with what came along.
type member struct {
	server     messages.Server
	datacenter string
}

// len is the number of servers.
func (l *list) len() int { return len(l.primaries) + len(l.backups) }

// all yields the ranking.
func (l *list) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, e := range l.primaries {
			if !yield(e) {
				return
			}
		}
		for _, e := range l.backups {
			if !yield(e) {
				return
			}
		}
	}
}

// find is the entry of addr, or nil.
func (l *list) find(addr string) *entry {
	key := keyOf(addr)
	for e := range l.all() {
		if e.key == key {
			return e
		}
	}
	return nil
}

// active is the server that carries the next call: the first that may know a
// leader, else the first that answers without knowing one, else the one that
// failed first. Nil: the list is empty.
func (l *list) active() *entry {
	var leaderless, oldest *entry
	for e := range l.all() {
		switch e.health {
		case messages.Leaderless:
			leaderless = cmp.Or(leaderless, e)
		case messages.Failed:
			if oldest == nil || e.failure < oldest.failure {
				oldest = e
			}
		default:
			return e
		}
	}
	return cmp.Or(leaderless, oldest)
}

// served reports whether a server is listed that has not failed.
func (l *list) served() bool {
	e := l.active()
	return e != nil && e.health != messages.Failed
}

// isBackup reports whether e stands among the backups.
func (l *list) isBackup(e *entry) bool { return slices.Contains(l.backups, e) }

// source is how e came into the class that it stands in.
func (l *list) source(e *entry) messages.Source {
	if l.isBackup(e) {
		return e.listedBy
	}
	return e.source
}

// describe sets what is known of e apart from its server.
func (l *list) describe(e *entry, datacenter string, source, listedBy messages.Source) {
	if !e.says(datacenter, source, listedBy) {
		e.about = l.known.describe(e.about, datacenter, source, listedBy)
	}
}

// class is the class that e stands in.
func (l *list) class(e *entry) []*entry {
	if l.isBackup(e) {
		return l.backups
	}
	return l.primaries
}

// hasLeaderlessBeside reports whether another server of e's class is leaderless too.
func (l *list) hasLeaderlessBeside(e *entry) bool {
	return slices.ContainsFunc(l.class(e), func(other *entry) bool {
		return other != e && other.health == messages.Leaderless
	})
}

// retaining reports whether former servers are retained.
func (l *list) retaining() bool {
	return slices.ContainsFunc(l.primaries, func(e *entry) bool { return e.retained })
}

// loses reports whether a server is not among those named that is known to work and
// carries calls, or would.
func (l *list) loses(named map[string]bool) bool {
	lost := func(e *entry) bool { return e.health == messages.Alive && !named[e.key] }
	active := l.active()
	return active != nil && lost(active) || slices.ContainsFunc(l.primaries, lost)
}

// front is the active server and the class it stands in.
type front struct {
	entry  *entry
	backup bool
}

// front is the server that carries calls now.
func (l *list) front() front {
	e := l.active()
	return front{entry: e, backup: e != nil && l.isBackup(e)}
}

// activeReason tells an operator why the active server is the active one. Its cases are
// those of active.
func (l *list) activeReason() string {
	e := l.active()
	switch {
	case e == nil:
		return "no server is known"
	case e.health == messages.Failed:
		return "no server answers; this one failed longest ago"
	case e.health == messages.Leaderless:
		return "no server knows a leader; first of those that answer"
	case l.isBackup(e):
		if len(l.primaries) == 0 {
			return "there is no primary; first backup that has not failed"
		}
		return "no primary answers and knows a leader; first backup that has not failed"
	case e.retained:
		return "none of the servers that the heartbeat names has answered yet; first of the former ones"
	case e == l.primaries[0]:
		return "first of the ranking"
	}
	return "first of the ranking that has not failed and may know a leader"
}
