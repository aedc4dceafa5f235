package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// pause waits before the next attempt, or for the end of the call's time. It ends early
// when a view says that there is no need for it.
func (c *call) pause(ctx context.Context, do attempt.Action) error {
	timer := time.NewTimer(do.For)
	defer timer.Stop()
	for now := c.now; ; {
		select {
		case <-timer.C:
			return nil
		case <-now.hope:
			now = c.proxy.now.Load()
			env := c.env(now)
			if rest, yes := c.way.Resumes(&env); yes {
				do.Why = attempt.Failed
				timer.Reset(rest)
			}
		case <-ctx.Done():
			err := ctx.Err()
			if why := reason(do.Why); why != nil && errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("%w: %w", why, err)
			}
			return err
		case <-c.proxy.owner.Done():
			return c.proxy.owner.Err()
		}
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
