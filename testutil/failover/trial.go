//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// harvest collects the samples of all runs of one fault.
type harvest struct {
	attached, elsewhere map[string][]sample // by kind of client
	loads               map[string][][]int
	back                map[string]*back
}

func newHarvest() *harvest {
	return &harvest{
		attached: map[string][]sample{}, elsewhere: map[string][]sample{},
		loads: map[string][][]int{}, back: map[string]*back{},
	}
}

var errInterrupted = errors.New("interrupted")

// unwell is the error when the cluster does not recover, unless ctx has ended.
func (r *rig) unwell(ctx context.Context, what string) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return fmt.Errorf("the cluster does not become well within %v: %s", r.patience(), what)
}

// patience is how long a heartbeat of any client may take to come.
func (r *rig) patience() time.Duration { return 2*r.opt.ttlMax + 120*time.Second }

// settle waits until all servers take part and every agent has sent a heartbeat
// since.
func (r *rig) settle(ctx context.Context) error {
	if !r.await(ctx, r.patience(), r.raft.whole) {
		return r.unwell(ctx, "no leader that all servers know")
	}
	since := time.Now()
	if !r.await(ctx, r.patience(), func() bool { return r.beaten(r.agents, since) }) {
		var silent []string
		for _, c := range r.agents {
			if !r.beaten([]*client{c}, since) {
				silent = append(silent, c.name)
			}
		}
		return r.unwell(ctx, fmt.Sprintf("no heartbeat of %v", silent))
	}
	return nil
}

// beaten reports whether all of them have sent a heartbeat since then, and it
// succeeded.
func (r *rig) beaten(clients []*client, since time.Time) bool {
	return !slices.ContainsFunc(clients, func(c *client) bool {
		return !slices.ContainsFunc(c.beats, func(b record) bool { return b.ok() && b.Done.After(since) })
	})
}

// attached are the agents whose next call goes to the server.
func (r *rig) attached(s *server) (all []*client) {
	for _, c := range r.agents {
		if c.front == s.addr {
			all = append(all, c)
		}
	}
	return all
}

// behind are the agents whose next call goes to another server than that.
func (r *rig) behind(s *server) (all []*client) {
	for _, c := range r.agents {
		if c.front != s.addr {
			all = append(all, c)
		}
	}
	return all
}

// choose picks the server that a fault is to hit.
func (r *rig) choose(f fault) *server {
	target := r.servers[0]
	for _, s := range r.servers {
		if f.onLeader {
			if s.peer == r.raft.leader {
				return s
			}
		} else if len(r.attached(s)) > len(r.attached(target)) {
			target = s
		}
	}
	if r.raft.leader == target.peer {
		r.raft.handOver(target.peer)
	}
	return target
}

// try runs one fault once.
func (r *rig) try(ctx context.Context, f fault, h *harvest) error {
	if !r.rest(ctx, rand.N(r.opt.ttlMax)) {
		return errInterrupted
	}
	target := r.choose(f)
	r.raft.announce()
	hit := r.attached(target)
	if f.behind {
		hit = r.behind(target)
		if !r.approach(ctx, hit) {
			return errInterrupted
		}
		hit = r.behind(target)
	}
	say("%s: %s with %s", f.name, target.name, r.each(func(kind string) string { return strconv.Itoa(count(hit, kind)) }))
	from := time.Now()
	if err := f.inject(r, target, hit); err != nil {
		return err
	}
	waited := hit
	if f.hung || r.opt.short { // stock agents wait for its answers for as long as it hangs, or very long
		waited = notStock(hit)
	}
	r.await(ctx, r.patience(), func() bool { return r.beaten(waited, from) && time.Since(from) >= f.least(r.opt) })
	lasted := time.Since(from)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err := f.heal(r, target, hit); err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	for _, c := range r.agents {
		into := h.elsewhere
		if slices.Contains(hit, c) {
			into = h.attached
		}
		r.sample(c, from, into)
	}
	r.tell(f.name, fmt.Sprintf("lasted %.1f s", lasted.Seconds()), h.attached, hit)
	return nil
}

// sample measures one agent since from, and tells what took long of those that the limits
// hold for.
func (r *rig) sample(c *client, from time.Time, into map[string][]sample) {
	to := time.Now()
	s, ok := measure(c.name, c.beats, from, to, r.opt.grace, nil)
	if !ok {
		return
	}
	into[c.kind] = append(into[c.kind], s)
	if !slices.Contains(held, c.kind) {
		return
	}
	fair, _ := measure(c.name, c.beats, from, to, r.opt.grace, slices.Concat(r.stalls, c.stalls))
	into[judged(c.kind)] = append(into[judged(c.kind)], fair)
	if s.worst <= noticeable {
		return
	}
	for _, b := range c.beats {
		if late := b.Done.Sub(b.Due); b.Done.After(from) && (late > noticeable || b.Err != "") {
			say("  %s: due %.2f s after the fault, sent %.2f, done %.2f: %s", c.name, b.Due.Sub(from).Seconds(),
				b.Sent.Sub(from).Seconds(), b.Done.Sub(from).Seconds(), outcome(b))
		}
	}
}

func outcome(b record) string {
	if b.Err != "" {
		return b.Err
	}
	return strings.TrimSpace("answered " + b.Server)
}

// tell sums up in one line what the last run of a fault did to the agents that it hit.
func (r *rig) tell(name, how string, all map[string][]sample, hit []*client) {
	line := name + ": " + how
	for _, kind := range clientKinds {
		n := count(hit, kind)
		if s := all[kind]; n > 0 && len(s) >= n {
			w := sum(name, kind, s[len(s)-n:])
			line += fmt.Sprintf("; %s late %s / %s / %s, missed %d", kind, brief(w.p50), brief(w.p90), brief(w.most), w.missed)
		}
	}
	say("%s", line)
}

// notStock are those whose calls have deadlines, of their own or of a sidecar.
func notStock(clients []*client) (all []*client) {
	for _, c := range clients {
		if c.kind != clientStock {
			all = append(all, c)
		}
	}
	return all
}

func count(clients []*client, kind string) (n int) {
	for _, c := range clients {
		if c.kind == kind {
			n++
		}
	}
	return n
}

// dueWithin is the longest that a heartbeat is due after approach returned.
const dueWithin = 50 * time.Millisecond

// approach waits until a heartbeat of one of the agents is about to be due. It
// returns false when ctx ended.
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
