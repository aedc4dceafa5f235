//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
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

const (
	transfersPerRun = 6                     // unless there are fewer than two agents for each
	transferRest    = 3 * time.Second       // from one to the next: a heartbeat that failed meets one, not two
	dueWithin       = 50 * time.Millisecond // a heartbeat is due so long after the transfer begins, at most
)

// met is an agent whose heartbeat was due during a transfer.
type met struct {
	agent *client
	from  time.Time
}

// transfers hands the lead over a few times, each time when a heartbeat is due: of
// ours, and in turn of a stock agent. It measures those that were due meanwhile.
func (r *rig) transfers(ctx context.Context, _ fault, h *harvest) error {
	if !r.rest(ctx, rand.N(r.opt.ttlMax)) {
		return errInterrupted
	}
	on, off := true, false
	r.orderAll(order{Write: &on})
	defer r.orderAll(order{Write: &off})
	began, times := time.Now(), min(transfersPerRun, len(r.agents)/2+1)
	if err := r.settle(ctx); err != nil { // each heartbeat changes the status from the next one on
		return err
	}
	var all []met
	for i := range times {
		if !r.rest(ctx, transferRest) {
			return errInterrupted
		}
		kinds := []string{clientOurs}
		if r.opt.stock {
			kinds = append(kinds, clientStock)
		}
		if !r.approach(ctx, r.unmet(all, kinds[i%len(kinds)])) {
			return errInterrupted
		}
		from := time.Now()
		r.raft.transfer()
		if !r.await(ctx, r.patience(), r.raft.whole) {
			return r.unwell(ctx, "no successor leads")
		}
		to := time.Now()
		for _, c := range r.unmet(all, "") {
			if due := c.dueBefore(from); !due.Before(from) && !due.After(to) {
				all = append(all, met{c, from})
			}
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	for _, m := range all {
		r.sample(m.agent, m.from, h.attached)
	}
	for _, c := range r.unmet(all, "") {
		r.sample(c, began, h.elsewhere)
	}
	hit := make([]*client, len(all))
	for i, m := range all {
		hit[i] = m.agent
	}
	r.tell(faultLeaderTransfer, fmt.Sprintf("%d times", times), h.attached,
		count(hit, clientOurs), count(hit, clientStock))
	return nil
}

// unmet are the agents of a kind, empty: of any, that have not been met yet.
func (r *rig) unmet(all []met, kind string) (left []*client) {
	for _, c := range r.agents {
		if (kind == "" || c.kind == kind) && !slices.ContainsFunc(all, func(m met) bool { return m.agent == c }) {
			left = append(left, c)
		}
	}
	return left
}

// approach waits until a heartbeat of one of the agents is about to be due. It
// answers false when ctx ended.
func (r *rig) approach(ctx context.Context, agents []*client) bool {
	var next time.Time
	now := time.Now()
	for _, c := range agents {
		if due := c.dueBefore(now); due.After(now.Add(dueWithin)) && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	if next.IsZero() { // all are due now, or late
		return ctx.Err() == nil
	}
	return r.rest(ctx, time.Until(next.Add(-rand.N(dueWithin))))
}

// dueBefore is when a heartbeat was to come after the last one that succeeded until
// now; zero: none did.
func (c *client) dueBefore(now time.Time) time.Time {
	for _, b := range slices.Backward(c.beats) {
		if b.ok() && !b.Done.After(now) {
			return b.Done.Add(b.TTL)
		}
	}
	return time.Time{}
}

// orderAll gives every agent the same order.
func (r *rig) orderAll(o order) {
	for _, c := range r.agents {
		c.proc.send(o)
	}
}
