package testutil

import (
	"context"
	"errors"
	"time"
)

// registerBuiltins fills the table of a new server.
func (s *Server) registerBuiltins() {
	for name, h := range map[string]Handler{
		"Status.Ping":          s.statusPing,
		"Status.Leader":        s.statusLeader,
		"Status.Peers":         s.statusPeers,
		"Status.Members":       s.statusMembers,
		"Status.RaftStats":     s.statusRaftStats,
		"Status.HasNodeConn":   s.statusHasNodeConn,
		"Node.Register":        s.nodeRegister,
		"Node.UpdateStatus":    s.nodeUpdateStatus,
		"Node.Deregister":      s.nodeDeregister,
		"Node.GetNode":         s.nodeGetNode,
		"Node.GetClientAllocs": s.nodeClientAllocs,
		"Node.UpdateAlloc":     s.nodeUpdateAlloc,
		"Echo.Echo":            echoEcho,
		"Echo.Count":           s.echoCount,
		"Echo.Once":            s.echoOnce,
		"Echo.Write":           s.echoWrite,
		"Echo.Sleep":           echoSleep,
	} {
		s.Handle(name, h)
	}
	for name, h := range map[string]StreamHandler{
		"Agent.Monitor":   s.agentMonitor,
		"Event.Stream":    s.eventStream,
		"Echo.Stream":     echoStream,
		"Echo.Exec":       echoExec,
		"FileSystem.Logs": s.relayed("FileSystem.Logs"), "FileSystem.Stream": s.relayed("FileSystem.Stream"),
		"Allocations.Exec": s.relayed("Allocations.Exec"),
	} {
		s.HandleStream(name, h)
	}
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

// unreached is what becomes of a call that is forwarded to a leader that is gone:
// the first one is written to the stream that is there from before, if any.
func (s *Server) unreached(world *outlook) string {
	held := s.cached.Load()
	switch {
	case held == nil || *held != world.lost || !s.cached.CompareAndSwap(held, nil):
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
		if held := s.cached.Load(); held == nil || *held != leader {
			s.cached.Store(&leader)
		}
	default:
		err = errors.New(ErrTextHops(1, err.Error()))
	}
	return body, err
}
