package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// pause waits before the next attempt, or for the end of the call's time. It ends early
// when a server is found that may answer.
func (c *call) pause(ctx context.Context, do attempt.Action) error {
	timer := time.NewTimer(do.For)
	defer timer.Stop()
	for snap := c.snap; ; {
		select {
		case <-timer.C:
			return nil
		case <-snap.hope:
			snap = c.shared.board.snap.Load()
			env := c.env(snap)
			if rest, resumes := c.way.Resumes(&env); resumes {
				do.Reason = attempt.ReasonFailed
				timer.Reset(rest)
			}
		case <-ctx.Done():
			err := ctx.Err()
			if reason := reasonError(do.Reason); reason != nil && errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("%w: %w", reason, err)
			}
			return err
		case <-c.shared.owner.Done():
			return c.shared.owner.Err()
		}
	}
}

// await waits for a newer snapshot, which may have a server, for limit at most.
func (c *call) await(ctx context.Context, limit time.Duration) error {
	s := c.shared
	if err := s.noServers(); c.snap.fault != nil || s.cfg.Discoverer == nil && !s.cfg.startsEmpty() {
		return err // nothing adds a server, unless the agent does that has removed them all
	}
	var expired <-chan time.Time // nil: ctx has a deadline, and its error is returned
	if c.way.Deadline.IsZero() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-c.snap.changed:
		return nil
	case <-s.owner.Done():
		return s.owner.Err()
	case <-expired:
		return ErrNoServers
	case <-ctx.Done():
		return errors.Join(ErrNoServers, ctx.Err())
	}
}
