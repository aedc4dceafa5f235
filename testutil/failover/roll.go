//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
)

// The pace of a rolling restart.
const (
	rollDown   = 3 * time.Second  // a server is down
	rollPause  = 8 * time.Second  // from when it is back to the next one's stop
	rollSpread = 30 * time.Second // from the end until the agents per server are counted
)

// roll restarts all servers, one after the other, in random order.
func (r *rig) roll(ctx context.Context, _ fault, h *harvest) error {
	if !r.rest(ctx, rand.N(r.opt.ttlMax)) {
		return errInterrupted
	}
	say("%s: agents per server before: %s", faultRoll, r.loads())
	from := time.Now()
	for _, i := range rand.Perm(len(r.servers)) {
		s := r.servers[i]
		if err := endBy(syscall.SIGINT)(r, s, nil); err != nil {
			return err
		}
		if !r.rest(ctx, rollDown) {
			return errInterrupted
		}
		if err := restart(r, s, nil); err != nil {
			return err
		}
		if !r.await(ctx, r.patience(), r.raft.whole) {
			return r.unwell(ctx, s.name+" is back and the servers do not agree on a leader")
		}
		if !r.rest(ctx, rollPause) {
			return errInterrupted
		}
	}
	ended := time.Now()
	say("%s: agents per server at the end: %s", faultRoll, r.loads())
	if err := r.settle(ctx); err != nil {
		return err
	}
	if !r.rest(ctx, rollSpread-time.Since(ended)) {
		return errInterrupted
	}
	for _, c := range r.agents {
		r.sample(c, from, h.attached)
	}
	for _, kind := range r.opt.clients {
		h.loads[kind] = append(h.loads[kind], r.load(kind))
	}
	say("%s: agents per server %.0f s later: %s", faultRoll, rollSpread.Seconds(), r.loads())
	r.tell(faultRoll, fmt.Sprintf("took %.1f s", ended.Sub(from).Seconds()), h.attached, r.agents)
	return nil
}

// loads counts the agents of each kind per server, in words.
func (r *rig) loads() string {
	return r.each(func(kind string) string { return fmt.Sprint(r.load(kind)) })
}

// each says something about each kind of agents that there is.
func (r *rig) each(what func(kind string) string) string {
	all := make([]string, len(r.opt.clients))
	for i, kind := range r.opt.clients {
		all[i] = kind + " " + what(kind)
	}
	return strings.Join(all, ", ")
}

// load counts the agents of a kind per server.
func (r *rig) load(kind string) []int {
	loads := make([]int, len(r.servers))
	for i, s := range r.servers {
		loads[i] = count(r.attached(s), kind)
	}
	return loads
}
