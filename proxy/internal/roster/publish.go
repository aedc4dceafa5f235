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
	var list *messages.List
	if sameList {
		list = r.view.List()
	} else {
		list = r.newList()
	}
	r.active = int32(active)
	r.view = list.View(epoch, active, r.numNodes, r.leader)
	return Publish{View: r.view, ActiveReason: r.list.activeReason()}
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

// newList is the list as a view shows it.
func (r *Roster) newList() *messages.List {
	known := r.list.known
	hash := r.list.hash()
	if known != nil {
		for _, l := range known.lists[hash] {
			if r.showsList(l.Ranked()) {
				return l
			}
		}
	}
	ranking := make([]messages.Ranked, 0, r.list.len())
	for e := range r.list.all() {
		line := messages.Ranked{Server: e.server, Health: e.health, Source: e.source, Retained: e.retained, Failures: uint64(e.failures)}
		if len(ranking) >= len(r.list.primaries) {
			line.Role, line.Source = messages.Backup, e.listedBy // as list.source, without the search
		}
		ranking = append(ranking, line)
	}
	l := messages.NewList(ranking)
	if known != nil {
		known.grow()
		known.lists[hash] = append(known.lists[hash], l)
	}
	return l
}

// asOf is the epoch that already shows everything known of e: the last one, or
// the coming one if e has just changed.
func (r *Roster) asOf(e *entry) uint64 {
	if e.touched {
		return r.epoch() + 1
	}
	return r.epoch()
}
