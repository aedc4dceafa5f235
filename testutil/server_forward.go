package testutil

import (
	"context"
	"errors"
	"time"
)

// leader waits for a leader as long as a call may wait. The error has the
// text for the client.
func (s *Server) leader(ctx context.Context, method string) (string, error) {
	hold := time.NewTimer(s.cfg.RPCHoldTimeout)
	defer hold.Stop()
	for {
		faults, world := s.faults.Load(), s.world.outlook()
		if !faults.leaderless(method) {
			switch {
			case world.leader != "":
				return world.leader, nil
			case world.lost != "" && world.stuck:
				return s.stuck(ctx, hold)
			case world.lost != "":
				return "", errors.New(s.unreached(world))
			}
		}
		select {
		case <-faults.changed:
		case <-world.changed:
		case <-hold.C:
			return "", errors.New(ErrTextNoLeader)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// unreached is the result of a call that is forwarded to a leader that is gone:
// the first one is written to the stream that is there from before, if any.
func (s *Server) unreached(world *outlook) string {
	cached := s.cached.Load()
	switch {
	case cached == nil || *cached != world.lost || !s.cached.CompareAndSwap(cached, nil):
		return ErrTextForwardRefused(world.lost)
	case world.parted:
		return ErrTextHops(1, ErrTextStreamClosed)
	default:
		return ErrTextForwardEOF
	}
}

// checkRegion refuses calls for another region, here and not at the leader.
func (s *Server) checkRegion(region string) error {
	switch region {
	case s.cfg.Region:
		return nil
	case "":
		return errors.New(ErrTextMissingRegion)
	default:
		return errors.New(ErrTextNoRegionPath)
	}
}

// forwarded runs f as the leader would, whose address it is given, and gives its
// error the prefix that a follower adds when it forwards.
func (s *Server) forwarded(ctx context.Context, r *Request, f func(leader string) (any, error)) (any, error) {
	leader, err := s.leader(ctx, r.Method)
	if err != nil {
		return nil, err
	}
	body, err := f(leader)
	switch {
	case leader == s.addr:
	case err == nil:
		if cached := s.cached.Load(); cached == nil || *cached != leader {
			s.cached.Store(&leader)
		}
	default:
		err = errors.New(ErrTextHops(1, err.Error()))
	}
	return body, err
}

// forwardStuck is how long a server waits for one that does not answer: until
// the keepalive of the session between them gives up.
const forwardStuck = 30 * time.Second

// stuck is the fate of a call that was forwarded to a leader that has gone
// silent. A new leader does not help it: the call is not there.
func (s *Server) stuck(ctx context.Context, hold *time.Timer) (string, error) {
	hold.Reset(forwardStuck)
	select {
	case <-hold.C:
		return "", errors.New(ErrTextForwardEOF)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
