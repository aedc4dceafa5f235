package testutil

import (
	"context"
	"errors"
	"net"
	"strconv"
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
		return o.leader
	})
}

func (s *Server) statusPeers(ctx context.Context, r *Request) (any, error) {
	return s.statusRead(ctx, r, func(o *outlook) any { return o.configured })
}

type memberEntry struct {
	Name, Addr, Status string
	Port               int
	Tags               map[string]string
}

type membersReply struct {
	ServerName, ServerRegion, ServerDC string
	Members                            []memberEntry
}

// statusMembers tells of every configured member. It is never forwarded.
func (s *Server) statusMembers(_ context.Context, r *Request) (any, error) {
	if err := r.Decode(&statusArgs{}); err != nil {
		return nil, err
	}
	o := s.world.outlook()
	reply := membersReply{ServerName: s.addr, ServerRegion: s.cfg.Region, ServerDC: s.cfg.Datacenter}
	for _, addr := range o.configured {
		host, port, _ := net.SplitHostPort(addr) // it came from a listener
		number, _ := strconv.Atoi(port)
		m := memberEntry{
			Name: addr, Addr: host, Port: number, Status: "failed",
			Tags: map[string]string{"role": "nomad", "region": s.cfg.Region, "build": "2.0.6"},
		}
		for _, info := range o.live {
			if info.RPCAdvertiseAddr == addr {
				m.Status = "alive"
				m.Tags["dc"] = info.Datacenter
			}
		}
		reply.Members = append(reply.Members, m)
	}
	return reply, nil
}

// statusRaftStats tells of this server alone. It is never forwarded.
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

// statusHasNodeConn tells whether this server itself has a session of the node. It
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
