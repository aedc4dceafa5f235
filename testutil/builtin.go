package testutil

import (
	"context"
	"errors"
	"time"
)

// The error texts of real servers, for use with [AppError] and in assertions.
const (
	ErrTextNoLeader         = "No cluster leader"
	ErrTextNoRegionPath     = "No path to region"
	ErrTextMissingRegion    = "missing region for target RPC"
	ErrTextPermissionDenied = "Permission denied"
	ErrTextNodeNotFound     = "node not found"
	ErrTextNoNodePath       = "No path to node"
	ErrTextSecretMismatch   = "node secret ID does not match. Not registering node."
	ErrTextForwardEOF       = "rpc error: EOF"
)

// ErrTextForwardRefused is what a follower answers while the leader it forwards
// to refuses connections.
func ErrTextForwardRefused(leader string) string {
	return "rpc error: failed to get conn: dial tcp " + leader + ": connect: connection refused"
}

// registerBuiltins fills the table of a new server.
func (s *Server) registerBuiltins() {
	s.Handle("Status.Ping", s.statusPing)
	s.Handle("Status.Leader", s.statusLeader)
	s.Handle("Status.Peers", s.statusPeers)
	s.Handle("Status.Members", s.statusMembers)
	s.Handle("Node.Register", s.nodeRegister)
	s.Handle("Node.UpdateStatus", s.nodeUpdateStatus)
	s.Handle("Node.GetClientAllocs", s.nodeClientAllocs)
	s.Handle("Echo.Echo", echoEcho)
	s.Handle("Echo.Count", s.echoCount)
	s.Handle("Echo.Once", s.echoOnce)
	s.Handle("Echo.Sleep", echoSleep)
	s.HandleStream("Echo.Stream", echoStream)
}

// leader waits for a leader as long as a call may be held. The error has the
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
				return "", errors.New(ErrTextForwardRefused(world.lost))
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

// forwarded runs f as the leader would and gives its error the prefix that a
// follower adds when it forwards.
func (s *Server) forwarded(ctx context.Context, r *Request, f func() (any, error)) (any, error) {
	leader, err := s.leader(ctx, r.Method)
	if err != nil {
		return nil, err
	}
	body, err := f()
	if err != nil && leader != s.addr {
		err = errors.New("rpc error: " + err.Error())
	}
	return body, err
}
