package testutil

import (
	"context"
	"time"
)

// registerArgs and the like hold the fields this server looks at; the others of
// a real request are ignored.
type registerArgs struct {
	Region string
	Node   struct {
		ID, SecretID, Datacenter, Name string
		Attributes                     map[string]string
	}
}

type updateStatusArgs struct {
	Region, NodeID, Status, AuthToken string
}

type clientAllocsArgs struct {
	Region, NodeID, AuthToken string
	AllowStale                bool
	MinQueryIndex             uint64
	MaxQueryTime              time.Duration
}

// nodeReply answers Node.Register and Node.UpdateStatus.
type nodeReply struct {
	EvalCreateIndex       uint64
	EvalIDs               []string
	Features              uint64
	HeartbeatTTL          time.Duration
	Index                 uint64
	KnownLeader           bool
	LastContact           time.Duration
	LeaderRPCAddr         string
	NextToken             string
	NodeModifyIndex       uint64
	NumNodes              int
	SchedulingEligibility string
	Servers               []ServerInfo
	SignedIdentity        *string
}

type clientAllocsReply struct {
	Allocs        map[string]uint64
	Index         uint64
	KnownLeader   bool
	LastContact   time.Duration
	MigrateTokens map[string]string
	NextToken     string
}

func (s *Server) nodeRegister(ctx context.Context, r *Request) (any, error) {
	var args registerArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	return s.forwarded(ctx, r, func() (any, error) {
		reply, err := s.world.register(args, s.addr)
		if err == nil {
			s.remember(args.Node.ID, r.conn)
		}
		return reply, err
	})
}

func (s *Server) nodeUpdateStatus(ctx context.Context, r *Request) (any, error) {
	var args updateStatusArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	return s.forwarded(ctx, r, func() (any, error) {
		reply, err := s.world.heartbeat(args, s.addr, time.Now())
		if err == nil {
			s.remember(args.NodeID, r.conn)
		}
		return reply, err
	})
}

// remember notes on which connection a node can be called.
func (s *Server) remember(nodeID string, c *conn) {
	s.owner.do(func(st *serverState) {
		if _, open := st.conns[c]; open {
			st.byNode[nodeID] = c
		}
	})
}

// maxBlockingQuery is the longest that a real server blocks.
const maxBlockingQuery = 300 * time.Second

// nodeClientAllocs is a blocking query: with MinQueryIndex it waits for a newer
// index until MaxQueryTime, lengthened by up to a sixteenth, is over.
func (s *Server) nodeClientAllocs(ctx context.Context, r *Request) (any, error) {
	var args clientAllocsArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	if _, err := s.world.allocs(args.NodeID, args.AuthToken); err == nil {
		s.remember(args.NodeID, r.conn)
	}
	if args.AllowStale {
		return s.clientAllocs(ctx, args)
	}
	return s.forwarded(ctx, r, func() (any, error) { return s.clientAllocs(ctx, args) })
}

func (s *Server) clientAllocs(ctx context.Context, args clientAllocsArgs) (any, error) {
	wait := min(args.MaxQueryTime, maxBlockingQuery)
	if wait <= 0 {
		wait = maxBlockingQuery
	}
	over := time.NewTimer(wait + s.world.jitter(wait/16))
	defer over.Stop()
	for expired := args.MinQueryIndex == 0; ; {
		a, err := s.world.allocs(args.NodeID, args.AuthToken)
		if err != nil {
			return nil, err
		}
		if expired || a.index > args.MinQueryIndex {
			return clientAllocsReply{
				Allocs:        a.modified,
				Index:         a.index,
				KnownLeader:   s.world.outlook().leader != "",
				MigrateTokens: map[string]string{},
			}, nil
		}
		select {
		case <-a.changed:
		case <-over.C:
			expired = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
