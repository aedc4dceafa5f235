//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
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
	say("%s: agents per server before: ours %v, stock %v", faultRoll, r.loads(clientOurs), r.loads(clientStock))
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
	say("%s: agents per server at the end: ours %v, stock %v", faultRoll, r.loads(clientOurs), r.loads(clientStock))
	if err := r.settle(ctx); err != nil {
		return err
	}
	if !r.rest(ctx, rollSpread-time.Since(ended)) {
		return errInterrupted
	}
	for _, c := range r.agents {
		r.sample(c, from, h.attached)
	}
	for _, kind := range []string{clientOurs, clientStock} {
		h.loads[kind] = append(h.loads[kind], r.loads(kind))
	}
	say("%s: agents per server %.0f s later: ours %v, stock %v", faultRoll, rollSpread.Seconds(),
		r.loads(clientOurs), r.loads(clientStock))
	r.tell(faultRoll, fmt.Sprintf("took %.1f s", ended.Sub(from).Seconds()), h.attached, r.opt.agents, len(r.agents)-r.opt.agents)
	return nil
}

// loads counts the agents of a kind per server.
func (r *rig) loads(kind string) []int {
	loads := make([]int, len(r.servers))
	for i, s := range r.servers {
		loads[i] = count(r.attached(s), kind)
	}
	return loads
}
