package testutil

import (
	"context"
	"errors"
	"time"
)

func (s *Server) nodeRegister(ctx context.Context, r *Request) (any, error) {
	var args registerArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	return s.forwarded(ctx, r, func(leader string) (any, error) {
		reply, reached, err := s.world.register(args, s.addr)
		if err == nil || reached && leader == s.addr {
			s.bind(args.Node.ID, r.conn)
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
	return s.forwarded(ctx, r, func(leader string) (any, error) {
		reply, reached, err := s.world.heartbeat(args, s.addr, time.Now())
		if err == nil || reached && leader == s.addr {
			s.bind(args.NodeID, r.conn)
		}
		return reply, err
	})
}

func (s *Server) nodeDeregister(ctx context.Context, r *Request) (any, error) {
	var args nodeSpecificArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	return s.forwarded(ctx, r, func(string) (any, error) { return s.world.deregister(args.NodeID) })
}

func (s *Server) nodeUpdateAlloc(ctx context.Context, r *Request) (any, error) {
	var args updateAllocArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	return s.forwarded(ctx, r, func(string) (any, error) {
		index, err := s.world.updateAlloc(args)
		if err == nil {
			s.bind(args.Alloc[0].NodeID, r.conn)
		}
		return writeReply{Index: index}, err
	})
}

// nodeGetNode does not block: a query with MinQueryIndex is answered at once.
func (s *Server) nodeGetNode(ctx context.Context, r *Request) (any, error) {
	var args nodeSpecificArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	read := func(string) (any, error) {
		if args.NodeID == "" {
			return nil, errors.New(ErrTextMissingNodeID)
		}
		view, index, err := s.world.view(args.NodeID)
		if err != nil {
			return nil, err
		}
		reply := singleNodeReply{Index: index, Node: view}
		reply.KnownLeader, reply.LastContact = s.contact()
		return reply, nil
	}
	return s.query(ctx, r, args, read)
}

// query runs a read: here if it may be stale, else as the leader would.
func (s *Server) query(ctx context.Context, r *Request, args nodeSpecificArgs, read func(leader string) (any, error)) (any, error) {
	if err := s.checkRegion(args.Region); err != nil {
		return nil, err
	}
	if args.AllowStale {
		return read(s.addr)
	}
	return s.forwarded(ctx, r, read)
}

// maxBlockingQuery is the longest that a real server blocks.
const maxBlockingQuery = 300 * time.Second

// nodeClientAllocs is a blocking query: with MinQueryIndex it waits for a newer
// index until MaxQueryTime, lengthened by up to a sixteenth, is expired.
func (s *Server) nodeClientAllocs(ctx context.Context, r *Request) (any, error) {
	var args nodeSpecificArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	return s.query(ctx, r, args, func(leader string) (any, error) {
		known, err := s.world.mayQuery(args.NodeID, args.AuthToken)
		if err != nil {
			return nil, err
		}
		if known && leader == s.addr {
			s.bind(args.NodeID, r.conn)
		}
		reply, err := s.clientAllocs(ctx, args, leader)
		if err == nil {
			s.bind(args.NodeID, r.conn)
		}
		return reply, err
	})
}

// clientAllocs waits for what a node shall run. A leader that is lost meanwhile
// takes the query with it.
func (s *Server) clientAllocs(ctx context.Context, args nodeSpecificArgs, leader string) (any, error) {
	wait := min(args.MaxQueryTime, maxBlockingQuery)
	if wait <= 0 {
		wait = maxBlockingQuery
	}
	limit := time.NewTimer(wait + s.world.jitter(wait/16))
	defer limit.Stop()
	for first, expired := true, args.MinQueryIndex == 0; ; first = false {
		world := s.world.outlook()
		if leader != s.addr && leader != world.leader && !world.isLive(leader) {
			return nil, errors.New(ErrTextEOF)
		}
		a, err := s.world.allocs(args.NodeID, first)
		if err != nil {
			return nil, err
		}
		if expired || a.index > args.MinQueryIndex {
			reply := clientAllocsReply{Allocs: a.modified, Index: a.index, MigrateTokens: map[string]string{}}
			reply.KnownLeader, reply.LastContact = s.contact()
			if leader != s.addr {
				reply.KnownLeader, reply.LastContact = true, 0
			}
			return reply, nil
		}
		select {
		case <-a.changed:
		case <-world.changed:
		case <-limit.C:
			expired = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// contact is the part of a reply to a read about the leader: whether one is known,
// and how long ago it was heard of last.
func (s *Server) contact() (known bool, ago time.Duration) {
	o := s.world.outlook()
	switch {
	case o.leader == s.addr:
		return true, 0
	case o.leader != "":
		return true, s.world.jitter(leaderPulse)
	default:
		return false, time.Since(o.lostAt)
	}
}

// leaderPulse is the interval of the leader's heartbeats to its followers.
const leaderPulse = 50 * time.Millisecond
