package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// addPrimary makes s a primary, at the end of them if it is not one yet.
func (l *list) addPrimary(s messages.Server, from messages.Source) *entry {
	l.edits++
	e := l.find(s.Addr)
	switch {
	case e == nil:
		e = newEntry(l.known.about(aboutServer(s)))
	case !l.isBackup(e):
		return e
	default:
		l.backups = without(l.backups, e)
	}
	l.describe(e, e.datacenter, from, e.listedBy)
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
		e = newEntry(l.known.about(aboutServer(s)))
		l.backups = append(l.backups, e)
	}
	if !e.listed {
		e.listed = true
		l.describe(e, e.datacenter, e.source, from)
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

// discard takes the servers that gone selects out of their class and of the backup set.
func (l *list) discard(gone func(*entry) bool) {
	l.edits++
	l.primaries, l.backups = slices.DeleteFunc(l.primaries, gone), slices.DeleteFunc(l.backups, gone)
}

// setPrimaries makes the members primaries. Primaries that are not among them leave
// if leave is set, except those that retain selects.
func (l *list) setPrimaries(members []member, from messages.Source, leave bool, retain func(*entry) bool) {
	for _, m := range members {
		if e := l.addPrimary(m.server, from); !e.named { // of duplicates the first counts
			e.named, e.found = true, false
			l.describe(e, m.datacenter, from, e.listedBy)
		}
	}
	for _, e := range l.primaries {
		switch {
		case e.named:
			e.retained = false
		case leave:
			e.retained = retain(e)
		}
	}
	if leave {
		l.dismiss(func(e *entry) bool { return !e.named && !e.retained })
	}
	l.forgetNames()
}

// dismiss takes out the primaries that gone selects; those of the backup set become
// backups instead, with the health they have.
func (l *list) dismiss(gone func(*entry) bool) {
	l.edits++
	l.primaries = slices.DeleteFunc(l.primaries, func(e *entry) bool {
		if !gone(e) {
			return false
		}
		l.depart(e)
		if e.retained = false; e.listed {
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
		e.named, e.found = true, false
		l.describe(e, e.datacenter, e.source, messages.SourceManual)
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

// maxDeparted bounds how many servers are remembered that have left.
const maxDeparted = 16

// join records a new primary. It is an old one if it was there when the last
// round ended.
func (l *list) join(e *entry) {
	l.joins++
	i := slices.Index(l.departed, e.key)
	e.joined, e.back = i < 0, i >= 0
	if i >= 0 {
		l.departed = slices.Delete(l.departed, i, i+1)
	}
}

// depart records a primary that leaves.
func (l *list) depart(e *entry) {
	if len(l.departed) < maxDeparted {
		l.departed = append(l.departed, e.key)
	}
}

// forgetJoins ends the time in which servers count as having joined.
func (l *list) forgetJoins() {
	for e := range l.all() {
		e.joined, e.back = false, false
	}
}
