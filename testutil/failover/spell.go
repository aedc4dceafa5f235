//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

// besideTick is how precisely sidecars fail and come back.
const besideTick = 20 * time.Millisecond

// spell is the time of one sidecar's failure.
type spell struct {
	of       *client
	lead     time.Duration // from its beginning to when the agent's heartbeat is due, at most
	from, to time.Time     // zero: it has not begun, or not ended
}

// sidecars has each sidecar fail once, each at a moment of its own, so that a heartbeat of
// its agent is due while it is gone.
func (r *rig) sidecars(ctx context.Context, f fault, h *harvest) error {
	if !r.rest(ctx, rand.N(r.opt.ttlMax)) {
		return errInterrupted
	}
	from := time.Now()
	var all []*spell
	for _, c := range r.agents {
		if c.kind == clientSidecar {
			all = append(all, &spell{of: c, lead: leadOf(f.lasts, rand.N[time.Duration])})
		}
	}
	say("%s: %d sidecars, for %.1f s each", f.name, len(all), f.lasts.Seconds())
	for slices.ContainsFunc(all, (*spell).lasts) {
		if time.Since(from) > r.patience() {
			return r.unwell(ctx, "a sidecar does not come back, or no heartbeat of its agent is due")
		}
		if err := r.spells(f, all); err != nil {
			return err
		}
		if !r.rest(ctx, besideTick) {
			return errInterrupted
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	var hit []*client
	for _, s := range all {
		r.sample(s.of, s.from, h.attached)
		hit = append(hit, s.of)
	}
	for _, c := range r.agents {
		if !slices.Contains(hit, c) {
			r.sample(c, from, h.elsewhere)
		}
	}
	longest := slices.MaxFunc(all, func(a, b *spell) int { return cmp.Compare(a.gone(), b.gone()) })
	r.tell(f.name, fmt.Sprintf("gone for %.1f s at most", longest.gone().Seconds()), h.attached, hit)
	return nil
}

// spells begins and ends those for which it is time.
func (r *rig) spells(f fault, all []*spell) error {
	for _, s := range all {
		now := time.Now()
		switch {
		case s.begins(now, f.lasts):
			s.from = now
			f.fail(s.of)
		case s.ends(now, f.lasts):
			s.to = now
			if err := f.revive(r, s.of); err != nil {
				return err
			}
		}
	}
	return nil
}

// begins reports whether it is time to begin: a heartbeat is due soon, but not at once.
func (s *spell) begins(now time.Time, lasts time.Duration) bool {
	ahead := s.of.dueBefore(now).Sub(now)
	return s.from.IsZero() && ahead >= leastLead(lasts) && ahead <= s.lead
}

// ends reports whether it is time to end.
func (s *spell) ends(now time.Time, lasts time.Duration) bool {
	return !s.from.IsZero() && s.to.IsZero() && !now.Before(s.from.Add(lasts)) && (s.of.side.ended || s.of.listens)
}

// lasts reports whether the sidecar has still to fail or to come back.
func (s *spell) lasts() bool { return s.to.IsZero() || !s.of.listens }

// gone is how long the sidecar was gone.
func (s *spell) gone() time.Duration {
	if s.of.ready.After(s.to) {
		return s.of.ready.Sub(s.from)
	}
	return s.to.Sub(s.from)
}

// leadOf is how long before a heartbeat is due a sidecar fails that is gone for so long: at
// random, so that it is gone for some time after that, too.
func leadOf(lasts time.Duration, random func(time.Duration) time.Duration) time.Duration {
	least := leastLead(lasts)
	return least + random(lasts-2*least)
}

// leastLead keeps a sidecar that is gone for as long as the grace from failing when the
// heartbeat is due: that would be missed whatever happens afterwards.
func leastLead(lasts time.Duration) time.Duration { return lasts / 10 }

func killSidecar(c *client) {
	c.listens = false
	c.side.signal(syscall.SIGKILL)
}

func freezeSidecar(c *client) {
	c.frozen = time.Now()
	c.side.signal(syscall.SIGSTOP)
}

func thawSidecar(_ *rig, c *client) error {
	c.side.signal(syscall.SIGCONT)
	return nil
}
