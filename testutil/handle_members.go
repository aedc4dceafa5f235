package testutil

import (
	"context"
	"errors"
	"net"
	"slices"
)

// gossipPort is the port that Nomad's servers have for gossip by default. These have none.
const gossipPort = 4648

type membersArgs struct {
	Region, AuthToken string
	AllowStale        bool
}

// memberEntry has of a member what clients look at. Addr and Port are those of gossip, and
// Addr is the 16 bytes of a net.IP; the address for RPC stands in the tags rpc_addr and port.
type memberEntry struct {
	Name   string
	Addr   []byte
	Port   uint16
	Tags   map[string]string
	Status string
}

type membersReply struct {
	ServerName, ServerRegion, ServerDC string
	Members                            []memberEntry
}

// statusMembers reports every configured member to bearers of a token. It is never
// forwarded, and does not look at the region. A server has no other name than its address.
func (s *Server) statusMembers(_ context.Context, r *Request) (any, error) {
	var args membersArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	if len(s.cfg.Tokens) > 0 && !slices.Contains(s.cfg.Tokens, args.AuthToken) {
		return nil, errors.New(ErrTextPermissionDenied)
	}
	o := s.world.outlook()
	reply := membersReply{ServerName: s.addr, ServerRegion: s.cfg.Region, ServerDC: s.cfg.Datacenter}
	for _, addr := range o.configured {
		reply.Members = append(reply.Members, s.member(o, addr))
	}
	return reply, nil
}

// member is what this server has heard of a member by gossip.
func (s *Server) member(o *outlook, addr string) memberEntry {
	about := s.cfg // of a server of another process nothing else is known
	for _, known := range o.servers {
		if other, ok := known.(*Server); ok && other.addr == addr {
			about = other.cfg
		}
	}
	host, port, _ := net.SplitHostPort(o.told(addr)) // it came from a listener, or a test
	m := memberEntry{
		Name: addr, Addr: net.ParseIP(host), Port: gossipPort, Status: "failed",
		Tags: map[string]string{
			"role": "nomad", "region": about.Region, "dc": about.Datacenter, "build": about.Version,
			"rpc_addr": host, "port": port,
		},
	}
	if o.isLive(addr) {
		m.Status = "alive"
	}
	return m
}
