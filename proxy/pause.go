package proxy

import (
	"context"
	"errors"
	"time"
)

// pause waits before the next attempt.
func (c *call) pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.proxy.owner.Done():
		return c.proxy.owner.Err()
	}
}

// await waits until there is a newer view, which may have a server.
func (c *call) await(ctx context.Context, most time.Duration) error {
	p := c.proxy
	if err := p.noServers(); c.now.fault != nil || p.cfg.Discoverer == nil && !p.toldLater() {
		return err // nothing will bring one, unless the agent does that has removed them all
	}
	var over <-chan time.Time // if ctx has a deadline, that is told as what it is
	if c.way.Deadline.IsZero() {
		timer := time.NewTimer(most)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-c.now.changed:
		return nil
	case <-p.owner.Done():
		return p.owner.Err()
	case <-over:
		return ErrNoServers
	case <-ctx.Done():
		return errors.Join(ErrNoServers, ctx.Err())
	}
}
