package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// arrange orders the servers for a round: primaries, then backups. In each class
// those that know no leader come last. A homeward round follows the fleet index. The slice
// is valid until the next call.
func (r *Roster) arrange(homeward bool) []*entry {
	r.shared.order = append(append(r.shared.order[:0], r.list.primaries...), r.list.backups...)
	order := r.shared.order
	primaries, backups := order[:len(r.list.primaries):len(r.list.primaries)], order[len(r.list.primaries):]
	if homeward && r.shared.cfg.Policy == Shuffle && r.fleetIndex != 0 {
		byFleetIndex(primaries, r.fleetIndex)
		r.ownFirst(primaries)
	} else {
		r.ordered(primaries)
		r.homeFirst(primaries)
	}
	r.shared.cfg.Policy.arrange(backups, r.nodeID, r.rng)
	for _, class := range [...][]*entry{primaries, backups} {
		toBack(class, r.triedLast)
		toBack(class, func(e *entry) bool { return e.behind })
	}
	return order
}

// ordered puts primaries into the order of the policy and of the datacenters.
func (r *Roster) ordered(primaries []*entry) []*entry {
	r.shared.cfg.Policy.arrange(primaries, r.nodeID, r.rng)
	r.ownFirst(primaries)
	return primaries
}

// ownFirst moves the servers of the agent's datacenter before the others, if these
// are preferred.
func (r *Roster) ownFirst(primaries []*entry) {
	if r.shared.cfg.PreferDatacenter && r.shared.cfg.Datacenter != "" {
		toBack(primaries, func(e *entry) bool { return e.datacenter != r.shared.cfg.Datacenter })
	}
}

// homeFirst orders the primaries of a round that was brought forward, which are in the
// order of the policy. It begins with the server that the agent goes back to, or with
// one that has joined if that comes first, and goes on with the active server: an agent
// whose round leads nowhere stays where it is.
func (r *Roster) homeFirst(primaries []*entry) {
	s := &r.schedule
	if r.shared.cfg.Policy != Shuffle || len(primaries) == 0 || !s.homeward && !s.joined {
		return
	}
	first := primaries[0]
	active := r.list.active()
	if active.health == messages.Failed {
		return
	}
	if s.homeward {
		first = r.list.find(s.home)
	} else if !first.joined {
		first = nil
	}
	toFront(primaries, active)
	toFront(primaries, first)
	r.ownFirst(primaries)
}

// triedLast reports whether a round tries e after the others of its class: it knows no
// leader. One round skips it; as long as the cluster has a leader, the
// next one probes it in its place again. Otherwise it would never be probed while any
// other server answers.
func (r *Roster) triedLast(e *entry) bool {
	return e.health == messages.Leaderless && (r.leader == "" || !e.skippedOnce)
}

// maxCandidates is how many servers one round tries. A heartbeat may name a thousand
// addresses.
const maxCandidates = 16

// shortlist is the servers of a long list that a round tries: the first in its order, but before
// them those that no round has tried since one found a server, so that every server
// is tried. The active server, which may be the only one that works, is always
// among them, last.
func (r *Roster) shortlist(order []*entry) []*entry {
	if len(order) <= maxCandidates {
		return order
	}
	tried := func(e *entry) bool { return e.swept == r.sweep }
	if !r.untried(order) {
		r.sweep++
	}
	toBack(order, tried)
	chosen, active := order[:maxCandidates], r.list.active()
	if slices.Contains(order[maxCandidates:], active) {
		chosen[maxCandidates-1] = active
	}
	for _, e := range chosen {
		e.swept = r.sweep
	}
	return chosen
}

// untried reports whether there are servers that no round has tried in this sweep.
func (r *Roster) untried(order []*entry) bool {
	return slices.ContainsFunc(order, func(e *entry) bool { return e.swept != r.sweep })
}
