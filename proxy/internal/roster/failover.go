package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// maxTries is how often in a row an agent tries to go back.
const maxTries = 8

// failover records that former, the active server until now, was left because of cause:
// it failed, or knows no leader. If another has taken over, the next round is
// brought forward: the server may soon be back.
func (r *Roster) failover(now moment.Time, former *entry, cause error) {
	if r.list.active() == former {
		return
	}
	r.logFailover(now, former, cause)
	s := &r.schedule
	s.displaced, s.tries = true, 0
	_, soon := r.shared.cfg.Rebalance.spread(r.size, 0)
	if soon && former.health == messages.Failed && !r.list.isBackup(former) &&
		!r.hasReturned(now, former) {
		r.setHome(former)
	}
	s.homeward = s.home != "" || r.fleetIndex != 0 || r.shared.cfg.Policy == Rendezvous
	r.bringForward(now)
	r.rotated = r.epoch() + 1
}

// hasReturned reports whether the agent went back to e lately.
func (r *Roster) hasReturned(now moment.Time, e *entry) bool {
	return r.rare != nil && r.rare.returned.addr == e.server.Addr && now.Sub(r.rare.returned.at) < steady
}

// leave records that a heartbeat took the server away that was in front.
func (r *Roster) leave(was front) {
	if e := was.entry; e != nil && !was.backup && r.list.find(e.server.Addr) == nil {
		r.setHome(e)
	}
}

// setHome makes a server that was left the one to go back to, unless there is one.
func (r *Roster) setHome(e *entry) {
	if r.schedule.home == "" {
		r.schedule.home = e.server.Addr
	}
}

// retryHome ends a homeward round: if the server that the agent belongs to did not
// answer, it tries again after a while, for that server may be on its way back. While
// it is not listed, it is waited for.
func (r *Roster) retryHome(now moment.Time, was schedule) {
	candidates := r.round.candidates
	if len(candidates) == 0 {
		return
	}
	c, s := &candidates[0], &r.schedule
	if r.shared.cfg.Policy == Shuffle && r.fleetIndex == 0 && c.server.Addr != was.home {
		s.home = was.home
		return
	}
	s.displaced = r.fleetIndex != 0 // the order by fleet index changes with the list
	switch {
	case c.state == answered:
		r.seldom().returned = lastReturn{addr: c.server.Addr, at: now}
	case was.tries < maxTries:
		s.displaced, s.homeward, s.home, s.tries = true, true, was.home, was.tries+1
		r.bringForward(now)
	}
}

// noteJoined ends a step: if servers have joined the primaries, the next round is brought
// forward. It moves to no other server than one of these, or, of an agent with a
// fleet index that failed over, to the first in the order of that index. A server that was there when the
// last round ended has the agents already that chose it then: only those of them that
// have left it meanwhile go there.
func (r *Roster) noteJoined(now moment.Time) {
	if r.list.joins == r.joins {
		return
	}
	r.joins = r.list.joins
	s, home := &r.schedule, r.list.find(r.schedule.home)
	indexed := r.shared.cfg.Policy == Shuffle && r.fleetIndex != 0
	switch {
	case indexed && !s.displaced:
		return // the other agents' orders have changed as well: that can wait
	case indexed, home != nil && home.back:
		s.homeward, s.tries = true, 0
	case slices.ContainsFunc(r.list.primaries, func(e *entry) bool { return e.joined }):
		s.joined = true
	default:
		return
	}
	r.bringForward(now)
}
