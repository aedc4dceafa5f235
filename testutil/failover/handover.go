//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	transfersPerKind = 3               // of agents, unless there are fewer than two agents for each
	transferRest     = 3 * time.Second // from one to the next: a heartbeat that failed meets one, not two
)

// met is an agent whose heartbeat was due during a transfer.
type met struct {
	agent *client
	from  time.Time
}

// transfers hands the lead over a few times, each time when a heartbeat is due, of an agent
// of another kind than before. It measures those that were due meanwhile.
func (r *rig) transfers(ctx context.Context, _ fault, h *harvest) error {
	if !r.rest(ctx, rand.N(r.opt.ttlMax)) {
		return errInterrupted
	}
	on, off := true, false
	r.orderAll(order{Write: &on})
	defer r.orderAll(order{Write: &off})
	began, times := time.Now(), min(transfersPerKind*len(r.opt.clients), len(r.agents)/2+1)
	if err := r.settle(ctx); err != nil { // each heartbeat changes the status from the next one on
		return err
	}
	var all []met
	for i := range times {
		if !r.rest(ctx, transferRest) {
			return errInterrupted
		}
		kind := r.opt.clients[i%len(r.opt.clients)]
		if !r.approach(ctx, r.unmet(all, kind)) {
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
	r.tell(faultLeaderTransfer, fmt.Sprintf("%d times", times), h.attached, hit)
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

// orderAll gives every agent the same order.
func (r *rig) orderAll(o order) {
	for _, c := range r.agents {
		c.proc.send(o)
	}
}
