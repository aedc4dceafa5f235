package testutil

import (
	"context"
	"errors"
)

type statusArgs struct {
	Region     string
	AllowStale bool
}

func (s *Server) statusPing(_ context.Context, r *Request) (any, error) {
	return nil, r.Decode(&statusArgs{})
}

// statusRead answers a status query: at once when it may be stale, else as the
// leader sees it. A query that names no region means this one.
func (s *Server) statusRead(ctx context.Context, r *Request, f func(*outlook) any) (any, error) {
	var args statusArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if args.Region != "" {
		if err := s.checkRegion(args.Region); err != nil {
			return nil, err
		}
	}
	if !args.AllowStale {
		if _, err := s.leader(ctx, r.Method); err != nil {
			return nil, err
		}
	}
	return f(s.world.outlook()), nil
}

func (s *Server) statusLeader(ctx context.Context, r *Request) (any, error) {
	return s.statusRead(ctx, r, func(o *outlook) any {
		if s.faults.Load().leaderless(r.Method) {
			return ""
		}
		return o.told(o.leader)
	})
}

func (s *Server) statusPeers(ctx context.Context, r *Request) (any, error) {
	return s.statusRead(ctx, r, func(o *outlook) any {
		peers := make([]string, len(o.configured))
		for i, addr := range o.configured {
			peers[i] = o.told(addr)
		}
		return peers
	})
}

// statusRaftStats reports this server alone. It is never forwarded.
func (s *Server) statusRaftStats(_ context.Context, r *Request) (any, error) {
	if err := r.Decode(&statusArgs{}); err != nil {
		return nil, err
	}
	known, ago := s.contact()
	reply := raftStatsReply{LastContact: ago.String()}
	if known && ago == 0 {
		reply.LastContact = "0"
	}
	s.world.do(func(st *worldState) { reply.LastIndex, reply.LastTerm = st.index, st.term })
	return reply, nil
}

// statusHasNodeConn reports whether this server itself has a session of the node. It
// is never forwarded.
func (s *Server) statusHasNodeConn(_ context.Context, r *Request) (any, error) {
	var args nodeSpecificArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if args.NodeID == "" {
		return nil, errors.New("Must provide the NodeID")
	}
	var reply nodeConnReply
	if c := s.sessionOf(args.NodeID); c != nil {
		reply.Connected, reply.Established = true, c.bound
	}
	return reply, nil
}
