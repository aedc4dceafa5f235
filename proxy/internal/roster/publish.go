package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// epoch is that of the last view; zero: nothing has been published.
func (r *Roster) epoch() uint64 {
	if r.view == nil {
		return 0
	}
	return r.view.Epoch()
}

// publish makes a new view if anything in it differs from the last one, and nil
// otherwise. It is the only place where the epoch grows. What the last view shows of the
// servers is not made again if that is the same.
func (r *Roster) publish() Effect {
	active := r.activeIndex()
	sameList := r.view != nil && r.showsList(r.view.List().Ranked())
	same := sameList && int32(active) == r.active && r.numNodes == r.view.NumNodes() && r.leader == r.view.LeaderAddr()
	epoch := r.epoch() + 1
	for e := range r.list.all() {
		if e.touched && !same {
			e.since = epoch
		}
		e.touched = false
	}
	if same {
		return nil
	}
	r.active = int32(active)
	switch {
	case r.list.known != nil:
		return r.publishKnown(sameList, epoch, active)
	case sameList:
		r.view = r.view.List().View(epoch, active, r.numNodes, r.leader)
	default:
		r.view = messages.NewView(epoch, r.ranking(), active, r.numNodes, r.leader)
	}
	return Publish{View: r.view, ActiveReason: r.list.activeReason()}
}

// publishKnown makes a view, the one that the last roster with this list has published, if
// it is the same.
func (r *Roster) publishKnown(sameList bool, epoch uint64, active int) Effect {
	known := r.list.known
	var l *messages.List
	if sameList {
		l = r.view.List()
	} else {
		l = r.knownList()
	}
	s := known.shown[l]
	if !s.is(epoch, active, r.numNodes, r.leader) {
		s = shown{view: l.View(epoch, active, r.numNodes, r.leader), active: active}
		s.effect = Publish{View: s.view, ActiveReason: r.list.activeReason()}
		known.show(l, s)
	}
	r.view = s.view
	return s.effect
}

// activeIndex is the active server's place in the ranking; -1: no server.
func (r *Roster) activeIndex() int {
	active := r.list.active()
	if i := slices.Index(r.list.primaries, active); i >= 0 {
		return i
	}
	if i := slices.Index(r.list.backups, active); i >= 0 {
		return len(r.list.primaries) + i
	}
	return -1
}

// showsList reports whether a ranking shows the list as it is.
func (r *Roster) showsList(ranking []messages.Ranked) bool {
	if len(ranking) != r.list.len() {
		return false
	}
	for i, e := range r.list.primaries {
		if !shows(&ranking[i], e, messages.Primary, e.source) {
			return false
		}
	}
	for i, e := range r.list.backups {
		if !shows(&ranking[len(r.list.primaries)+i], e, messages.Backup, e.listedBy) {
			return false
		}
	}
	return true
}

// shows reports whether a line of a ranking shows e in this role, as which it has that source.
func shows(line *messages.Ranked, e *entry, role messages.Role, source messages.Source) bool {
	return line.Health == e.health && line.Role == role && line.Retained == e.retained && line.Failures == uint64(e.failures) &&
		line.Server == e.server && line.Source == source
}

// knownList is the list as a view shows it, the same one for all.
func (r *Roster) knownList() *messages.List {
	known, hash := r.list.known, r.list.hash()
	for _, l := range known.lists[hash] {
		if r.showsList(l.Ranked()) {
			return l
		}
	}
	l := messages.NewList(r.ranking())
	known.grow()
	known.lists[hash] = append(known.lists[hash], l)
	return l
}

// ranking is the list as a view shows it, in a slice of its own.
func (r *Roster) ranking() []messages.Ranked {
	ranking := make([]messages.Ranked, 0, r.list.len())
	for e := range r.list.all() {
		line := messages.Ranked{Server: e.server, Health: e.health, Source: e.source, Retained: e.retained, Failures: uint64(e.failures)}
		if len(ranking) >= len(r.list.primaries) {
			line.Role, line.Source = messages.Backup, e.listedBy // as list.source, without the search
		}
		ranking = append(ranking, line)
	}
	return ranking
}

// asOf is the epoch that already shows everything known of e: the last one, or
// the coming one if e has just changed.
func (r *Roster) asOf(e *entry) uint64 {
	if e.touched {
		return r.epoch() + 1
	}
	return r.epoch()
}

// hash tells lists of servers apart that views show differently, for the most part.
func (l *list) hash() uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for e := range l.all() {
		for _, n := range [...]uint64{uint64(e.id), uint64(e.health), uint64(e.failures)} {
			h = (h ^ n) * prime
		}
		if e.retained {
			h++
		}
	}
	return (h ^ uint64(len(l.primaries))) * prime
}
