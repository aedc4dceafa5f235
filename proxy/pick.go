package proxy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// pick chooses the best server not yet tried in this turn: as the active one is
// chosen, a server that may be well comes before one that knows no leader, and that
// before one that failed, wherever they rank. When all were tried, a new turn
// begins. Without any server it waits for one.
func (c *call) pick(ctx context.Context) (*published, messages.Server, error) {
	for {
		now := c.proxy.now.Load()
		if now.some {
			if !slices.Contains(c.tried, now.active.Addr) {
				return now, now.active, nil
			}
			if s, left := c.untried(now.view); left {
				return now, s, nil
			}
			c.tried = c.tried[:0]
			c.turn()
			return now, now.active, nil
		}
		if err := c.awaitChange(ctx, now); err != nil {
			return nil, messages.Server{}, err
		}
	}
}

// untried is the best server that this turn has not tried; false: it tried them all.
func (c *call) untried(view *messages.View) (best messages.Server, some bool) {
	worst := messages.Unknown
	for r := range view.Ranking() {
		if slices.Contains(c.tried, r.Server.Addr) {
			continue
		}
		switch {
		case hopeful(r.Health):
			return r.Server, true
		case !some, worst == messages.Failed && r.Health != messages.Failed:
			best, worst, some = r.Server, r.Health, true
		}
	}
	return best, some
}

// hopeful says whether a server may well answer, and know a leader.
func hopeful(h messages.Health) bool { return h == messages.Unknown || h == messages.Alive }

// awaitChange waits until there is a newer view than now.
func (c *call) awaitChange(ctx context.Context, now *published) error {
	p := c.proxy
	if err := p.noServers(); now.fault != nil || p.cfg.Discoverer == nil && !p.toldLater() {
		return err // nothing will bring one, unless the agent does that has removed them all
	}
	var over <-chan time.Time // if ctx has a deadline, that is told as what it is
	if _, ok := ctx.Deadline(); !ok {
		timer := time.NewTimer(time.Until(c.until))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-now.changed:
		return nil
	case <-p.owner.Done():
		return p.owner.Err()
	case <-over:
		return ErrNoServers
	case <-ctx.Done():
		return errors.Join(ErrNoServers, ctx.Err())
	}
}

// othersLeft says whether a server is believed healthy that this turn has not
// tried: the call goes there at once.
func (c *call) othersLeft() bool {
	view := c.proxy.View()
	for r := range view.Ranking() {
		if hopeful(r.Health) && !slices.Contains(c.tried, r.Server.Addr) {
			return true
		}
	}
	return false
}
