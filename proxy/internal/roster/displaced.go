package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// displacement is where an agent belongs that has failed over. Rounds that follow a
// failover take it back, so that a server that was restarted has again the agents that
// it had, and no others: the fleet is as even as it was. With Shuffle that is the
// server which was left, with a seat or with Rendezvous the first of an order.
type displacement struct {
	displaced bool   // there was a failover since the last round that was not brought forward
	homeward  bool   // the next round takes it back
	home      string // the server that was left first; empty: none is to be gone back to
	joined    bool   // servers have joined since the last round
	turns     int    // homeward rounds in a row
}

// homecoming is the last return to a server that had been left.
type homecoming struct {
	addr string
	at   time.Time
}

// turns is how often in a row an agent tries to go back.
const turns = 8

// steady is for how long a server that was gone back to must not fail, or the agent
// does not go back to it again: one that crashes again and again would have each of
// its agents every time.
const steady = 5 * time.Minute

// failover takes note that former, the active server until now, was left because
// it failed or knows no leader, as cause says. If another has taken over, the next round is
// brought forward: the server may soon be back.
func (r *Roster) failover(now time.Time, former *entry, cause error) {
	if r.list.active() == former {
		return
	}
	r.tellFailover(now, former, cause)
	s := &r.schedule
	s.displaced, s.turns = true, 0
	_, soon := r.cfg.Rebalance.spread(r.size, 0)
	if soon && former.health == messages.Failed && !r.list.isBackup(former) &&
		(r.returned.addr != former.server.Addr || now.Sub(r.returned.at) >= steady) {
		r.belong(former)
	}
	s.homeward = s.home != "" || r.cfg.FleetIndex != 0 || r.cfg.Policy == Rendezvous
	r.bringForward(now)
	r.rotated = r.published.epoch + 1
}

// goHome ends a homeward round: if the server that the agent belongs to did not
// answer, it tries again after a while, for that server may be on its way back. While
// it is not listed, it is waited for.
func (r *Roster) goHome(now time.Time, was schedule) {
	candidates := r.round.candidates
	if len(candidates) == 0 {
		return
	}
	c, s := &candidates[0], &r.schedule
	if r.cfg.Policy == Shuffle && r.cfg.FleetIndex == 0 && c.server.Addr != was.home {
		s.home = was.home
		return
	}
	s.displaced = r.cfg.FleetIndex != 0 // its seat changes with the list
	switch {
	case c.state == answered:
		r.returned = homecoming{addr: c.server.Addr, at: now}
	case was.turns < turns:
		s.displaced, s.homeward, s.home, s.turns = true, true, was.home, was.turns+1
		r.bringForward(now)
	}
}

// grow ends a step: if servers have joined the primaries, the next round is brought
// forward. It moves to no other server than one of these, or, of an agent with a seat
// that failed over, to the seat among all of them. A server that was there when the
// last round ended has the agents already that chose it then: only those of them that
// have left it meanwhile go there.
func (r *Roster) grow(now time.Time) {
	if r.list.joins == r.joins {
		return
	}
	r.joins = r.list.joins
	s, home := &r.schedule, r.list.find(r.schedule.home)
	seat := r.cfg.Policy == Shuffle && r.cfg.FleetIndex != 0
	switch {
	case seat && !s.displaced:
		return // the order of the others' seats is another one now: that can wait
	case seat, home != nil && home.back:
		s.homeward, s.turns = true, 0
	case slices.ContainsFunc(r.list.primaries, func(e *entry) bool { return e.joined }):
		s.joined = true
	default:
		return
	}
	r.bringForward(now)
}

// leave takes note that a heartbeat took the server away that was in front.
func (r *Roster) leave(was front) {
	if e := was.entry; e != nil && !was.backup && r.list.find(e.server.Addr) == nil {
		r.belong(e)
	}
}

// belong makes a server that was left the one to go back to, unless there is one.
func (r *Roster) belong(e *entry) {
	if r.schedule.home == "" {
		r.schedule.home = e.server.Addr
	}
}

// settleIn orders the primaries of a round that was brought forward, which are in the
// order of the policy. It begins with the server that the agent goes back to, or with
// one that has joined if that is its turn, and goes on with the active server: an agent
// whose round leads nowhere stays where it is.
func (r *Roster) settleIn(primaries []*entry) {
	s := &r.schedule
	if r.cfg.Policy != Shuffle || len(primaries) == 0 || !s.homeward && !s.joined {
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

// toFront moves e before the others, if it is among them.
func toFront(class []*entry, e *entry) {
	if i := slices.Index(class, e); i > 0 {
		copy(class[1:i+1], class[:i])
		class[0] = e
	}
}

// maxDeparted bounds how many servers are remembered that have left.
const maxDeparted = 16

// join takes note of a new primary. It is an old one if it was there when the last
// round ended.
func (l *list) join(e *entry) {
	l.joins++
	i := slices.Index(l.departed, e.server.Addr)
	e.joined, e.back = i < 0, i >= 0
	if i >= 0 {
		l.departed = slices.Delete(l.departed, i, i+1)
	}
}

// depart takes note of a primary that leaves.
func (l *list) depart(e *entry) {
	if len(l.departed) < maxDeparted {
		l.departed = append(l.departed, e.server.Addr)
	}
}

// forgetJoins ends the time in which servers count as having joined.
func (l *list) forgetJoins() {
	for e := range l.all() {
		e.joined, e.back = false, false
	}
}
