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
	remembered         int      // servers that came from before the last start
	edits              uint64   // grows with every call that can change who is in which class
	joins              int      // servers that have become primaries so far
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
	for e := range l.all() {
		if e.server.Addr == addr {
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

// served says whether there is a server that is not held for failed.
func (l *list) served() bool {
	e := l.active()
	return e != nil && e.health != messages.Failed
}

// isBackup says whether e stands among the backups.
func (l *list) isBackup(e *entry) bool { return slices.Contains(l.backups, e) }

// source is how e came into the class that it stands in.
func (l *list) source(e *entry) messages.Source {
	if l.isBackup(e) {
		return e.listedBy
	}
	return e.source
}

// class is the class that e stands in.
func (l *list) class(e *entry) []*entry {
	if l.isBackup(e) {
		return l.backups
	}
	return l.primaries
}

// addPrimary makes s a primary, at the end of them if it is not one yet.
func (l *list) addPrimary(s messages.Server, from messages.Source) *entry {
	l.edits++
	e := l.find(s.Addr)
	switch {
	case e == nil:
		e = &entry{server: s, touched: true}
	case !l.isBackup(e):
		return e
	default:
		l.backups = without(l.backups, e)
	}
	e.source = from
	l.join(e)
	l.primaries = append(l.primaries, e)
	return e
}

// addBackup puts s into the backup set, at the end of the backups unless it is
// ranked already.
func (l *list) addBackup(s messages.Server, from messages.Source) *entry {
	l.edits++
	e := l.find(s.Addr)
	if e == nil {
		e = &entry{server: s, touched: true}
		l.backups = append(l.backups, e)
	}
	if !e.listed {
		e.listed, e.listedBy = true, from
		if from == messages.SourceFile {
			l.remembered++
		}
	}
	return e
}

// add puts s among the primaries or into the backup set.
func (l *list) add(s messages.Server, from messages.Source, asPrimary bool) *entry {
	if asPrimary {
		return l.addPrimary(s, from)
	}
	return l.addBackup(s, from)
}

// discard takes out what gone says, out of its class and of the backup set.
func (l *list) discard(gone func(*entry) bool) {
	l.edits++
	l.primaries, l.backups = slices.DeleteFunc(l.primaries, gone), slices.DeleteFunc(l.backups, gone)
}

// setPrimaries makes the members primaries. Primaries that are not among them leave
// if leave is set; those that hold says are kept for a while.
func (l *list) setPrimaries(members []member, from messages.Source, leave bool, hold func(*entry) bool) {
	for _, m := range members {
		if e := l.addPrimary(m.server, from); !e.named { // of duplicates the first counts
			e.named, e.datacenter, e.source, e.found = true, m.datacenter, from, false
		}
	}
	for _, e := range l.primaries {
		switch {
		case e.named:
			e.held = false
		case leave:
			e.held = hold(e)
		}
	}
	if leave {
		l.dismiss(func(e *entry) bool { return !e.named && !e.held })
	}
	l.forgetNames()
}

// dismiss takes out the primaries that gone says; those of the backup set become
// backups instead, with the health they have.
func (l *list) dismiss(gone func(*entry) bool) {
	l.edits++
	l.primaries = slices.DeleteFunc(l.primaries, func(e *entry) bool {
		if !gone(e) {
			return false
		}
		l.depart(e)
		if e.held = false; e.listed {
			e.found = e.listedBy != messages.SourceManual
			l.backups = append(l.backups, e)
		}
		return true
	})
}

// addBackups puts servers into the backup set by hand: they stay, whatever discovery
// finds.
func (l *list) addBackups(servers []messages.Server) {
	for _, s := range servers {
		e := l.addBackup(s, messages.SourceManual)
		e.named, e.listedBy, e.found = true, messages.SourceManual, false
	}
}

// setBackups makes servers the backup set. Former backups leave unless they are
// primaries.
func (l *list) setBackups(servers []messages.Server) {
	l.addBackups(servers)
	for e := range l.all() {
		e.listed = e.named
	}
	l.dropUnlisted()
	l.forgetNames()
}

// remove takes e out of its class and of the backup set.
func (l *list) remove(e *entry) {
	l.discard(func(x *entry) bool { return x == e })
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

// forgetRemembered takes what worked before the last start out of the backup set.
func (l *list) forgetRemembered() {
	if l.remembered == 0 {
		return
	}
	l.remembered = 0
	for e := range l.all() {
		if e.listed && e.listedBy == messages.SourceFile {
			e.listed = false
		}
	}
	l.dropUnlisted()
}

// dropUnlisted takes out the backups that are in the backup set no more.
func (l *list) dropUnlisted() {
	l.edits++
	l.backups = slices.DeleteFunc(l.backups, func(e *entry) bool { return !e.listed })
}

// forgetNames clears the scratch of a merge.
func (l *list) forgetNames() {
	for e := range l.all() {
		e.named = false
	}
}

// without is class with e deleted, in place.
func without(class []*entry, e *entry) []*entry {
	return slices.DeleteFunc(class, func(x *entry) bool { return x == e })
}
