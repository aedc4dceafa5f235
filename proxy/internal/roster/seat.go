package roster

import (
	"cmp"
	"slices"
	"time"
)

// homeward says whether the round that begins takes the agent to its seat: it was
// brought forward by a failover, and the order is otherwise left to chance.
func (r *Roster) homeward() bool {
	return r.cfg.Seat != 0 && r.cfg.Policy == Shuffle && !r.schedule.failover.IsZero()
}

// seated puts the servers of one class into the order of a seat: the seat-th
// permutation, counted so that the first place changes fastest. Agents with
// consecutive seats are spread evenly over the first places; among those that
// share a first place, over the second ones; and so on. So a fleet that comes
// back from a failover is even, and so is each part of it that must go elsewhere.
func seated(class []*entry, seat uint64) {
	slices.SortFunc(class, func(a, b *entry) int { return cmp.Compare(a.server.Addr, b.server.Addr) })
	for i := range class {
		left := uint64(len(class) - i)
		j := i + int(seat%left)
		seat /= left
		e := class[j]
		copy(class[i+1:j+1], class[i:j])
		class[i] = e
	}
}

// turns is how often in a row an agent tries to reach its seat.
const turns = 8

// homecoming follows a homeward round: the agent is still away from where it
// belongs if the server of its seat did not answer, and tries again after a
// while, for that server may be on its way back.
func (r *Roster) homecoming(now time.Time, was schedule) {
	r.schedule.displaced, r.schedule.turns = true, was.turns+1
	if home := r.round.candidates; len(home) > 0 && home[0].state != answered && was.turns < turns {
		r.bringForward(now)
	}
}

// grown takes note of the members of a heartbeat. When a server joins, an agent
// that has failed over lately takes its seat among all of them.
func (r *Roster) grown(now time.Time, members []member) {
	if r.cfg.Seat == 0 || !r.schedule.displaced {
		return
	}
	for _, m := range members {
		if r.list.find(m.server.Addr) == nil {
			r.schedule.turns = 0
			r.bringForward(now)
			return
		}
	}
}
