//go:build linux

package main

import (
	"math/rand/v2"
	"time"
)

// The course of a transfer. On three servers at rest it took 75 ms in all: the old
// leader refused writes for 2 ms, and the successor led 70 ms later (golden
// leadership_transfer). With more to replicate it takes longer.
var (
	handingOn = span{20 * time.Millisecond, 100 * time.Millisecond} // the leader waits for the successor, and refuses writes
	deposed   = span{5 * time.Millisecond, 20 * time.Millisecond}   // it has stepped down, and the others do not know yet
	vacant    = span{40 * time.Millisecond, 100 * time.Millisecond} // until the successor is elected
)

// handOver moves the lead away from p, at once.
func (r *raft) handOver(p *peer) {
	if q := r.successor(p); q != nil {
		r.lead(q)
	}
}

// successor is any server but p that could lead; nil: there is none.
func (r *raft) successor(p *peer) *peer {
	for _, i := range rand.Perm(len(r.peers)) {
		if q := r.peers[i]; q != p && q.alive {
			return q
		}
	}
	return nil
}

// transfer hands the lead over as an operator has it done.
func (r *raft) transfer() {
	to := r.successor(r.leader)
	if to == nil {
		return
	}
	r.handingOn = true
	first := handingOn.draw()
	second := first + deposed.draw()
	r.after(first, func() { r.handingOn, r.deposed = false, true })
	r.after(second, func() {
		r.deposed, r.leader = false, nil
		for _, q := range r.peers {
			q.belief = belief{}
		}
	})
	r.after(second+vacant.draw(), func() { r.lead(to) })
}
