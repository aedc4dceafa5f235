//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// moves is how often every agent chooses another server.
const moves = 3

// wander has the agents choose other servers, again and again, while each server
// calls all agents once a second and the log of each agent is followed. Long after
// the last move it counts what of this failed: a server may use a session that was
// left for as long as it likes.
func (r *rig) wander(ctx context.Context, f fault, h *harvest) error {
	if !r.rest(ctx, rand.N(r.opt.ttlMax)) {
		return errInterrupted
	}
	r.calls, r.tails = nil, nil
	names := make([]string, len(r.agents))
	for i, c := range r.agents {
		names[i] = c.name
	}
	for _, s := range r.servers {
		of := reach{Call: names}
		for _, c := range r.attached(s) {
			of.Follow = append(of.Follow, c.name)
		}
		s.proc.send(order{Reach: &of})
	}
	if !r.await(ctx, r.patience(), func() bool { return r.followed() == len(r.agents) }) {
		return r.unwell(ctx, fmt.Sprintf("%d of %d logs are followed", r.followed(), len(r.agents)))
	}
	from := time.Now()
	for range moves {
		say("%s: agents per server: %s", f.name, r.loads())
		for _, i := range rand.Perm(len(r.agents)) {
			r.agents[i].chooser().send(order{Rebalance: true})
			if !r.rest(ctx, r.opt.moving()/time.Duration(len(r.agents))) {
				return errInterrupted
			}
		}
	}
	if !r.rest(ctx, r.opt.watching()) {
		return errInterrupted
	}
	for _, s := range r.servers {
		s.proc.send(order{Reach: &reach{}})
	}
	if !r.await(ctx, r.patience(), func() bool { return r.followed() == 0 }) {
		return r.unwell(ctx, fmt.Sprintf("%d logs are still followed", r.followed()))
	}
	to := time.Now()
	if err := r.settle(ctx); err != nil {
		return err
	}
	counts := map[string]*back{}
	for _, c := range r.agents {
		r.sample(c, from, h.attached)
		if counts[c.kind] == nil {
			counts[c.kind] = &back{}
		}
		counts[c.kind].add(tally(c.name, c.fronts, r.calls, r.tails, from, to))
	}
	r.tellFailed(f.name, from)
	for kind, b := range counts {
		say("%s: %s: %v", f.name, kind, b)
		if h.back[kind] == nil {
			h.back[kind] = &back{}
		}
		h.back[kind].add(*b)
	}
	r.tell(f.name, fmt.Sprintf("took %.1f s", to.Sub(from).Seconds()), h.attached, r.agents)
	return nil
}

// followed is how many logs servers follow now.
func (r *rig) followed() (n int) {
	for _, t := range r.tails {
		if n++; !t.Done.IsZero() {
			n -= 2
		}
	}
	return n
}

// moving is how long it takes until all agents have chosen a server once.
func (o *options) moving() time.Duration { return max(4*time.Second, o.ttlMax*3/4) }

// watching is how long servers go on calling after the last move.
func (o *options) watching() time.Duration {
	drain := o.drain
	if drain == 0 {
		drain = 30 * time.Second
	}
	return drain + max(5*time.Second, o.ttlMax)
}

// tellFailed reports the first few calls and logs that failed.
func (r *rig) tellFailed(name string, from time.Time) {
	const few = 10
	var failed []record
	for _, c := range slices.Concat(r.calls, r.tails) {
		if c.Err != "" && c.Done.After(from) {
			failed = append(failed, c)
		}
	}
	for _, c := range failed[:min(few, len(failed))] {
		say("  %s: %s from %s, sent %.1f s after the first move, failed at %.1f: %s", c.Agent, c.Kind, c.Server,
			c.Sent.Sub(from).Seconds(), c.Done.Sub(from).Seconds(), c.Err)
	}
	if n := len(failed) - few; n > 0 {
		say("  %s: and %d more", name, n)
	}
}
