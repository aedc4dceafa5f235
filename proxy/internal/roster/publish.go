package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// publish makes a new view if anything in it differs from the last one, and nil
// otherwise. It is the only place where the epoch grows.
func (r *Roster) publish() Effect {
	active := r.activeIndex()
	same := r.published.epoch > 0 && active == r.published.active &&
		r.numNodes == r.published.numNodes && r.leader == r.published.leader &&
		r.sameRanking()
	if !same {
		r.published = published{
			epoch: r.published.epoch + 1, ranking: r.ranking(), active: active,
			numNodes: r.numNodes, leader: r.leader,
		}
	}
	for e := range r.list.all() {
		if e.touched && !same {
			e.since = r.published.epoch
		}
		e.touched = false
	}
	if same {
		return nil
	}
	p := &r.published
	return Publish{View: messages.NewView(p.epoch, p.ranking, p.active, p.numNodes, p.leader), ActiveReason: r.list.activeReason()}
}

// activeIndex is the active server's place in the ranking; -1: no server.
func (r *Roster) activeIndex() int {
	active, i := r.list.active(), 0
	for e := range r.list.all() {
		if e == active {
			return i
		}
		i++
	}
	return -1
}

// sameRanking compares the list with what was published.
func (r *Roster) sameRanking() bool {
	if len(r.published.ranking) != r.list.len() {
		return false
	}
	i := 0
	for e := range r.list.all() {
		if r.published.ranking[i] != r.ranked(i, e) {
			return false
		}
		i++
	}
	return true
}

// ranking is the list as a view shows it, in a slice of its own.
func (r *Roster) ranking() []messages.Ranked {
	ranking := make([]messages.Ranked, 0, r.list.len())
	for e := range r.list.all() {
		ranking = append(ranking, r.ranked(len(ranking), e))
	}
	return slices.Clip(ranking)
}

// ranked is the i-th server of the list as a view shows it.
func (r *Roster) ranked(i int, e *entry) messages.Ranked {
	role, source := messages.Primary, e.source
	if i >= len(r.list.primaries) {
		role, source = messages.Backup, e.listedBy // as list.source, without the search
	}
	return messages.Ranked{
		Server: e.server, Role: role, Health: e.health, Source: source, Retained: e.retained, Failures: e.failures,
	}
}

// asOf is the epoch that already shows everything known of e: the last one, or
// the coming one if e has just changed.
func (r *Roster) asOf(e *entry) uint64 {
	if e.touched {
		return r.published.epoch + 1
	}
	return r.published.epoch
}
