package consultest

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Service is an instance of a service, as the catalogue lists it. Only what
// is given differs from what an instance of Nomad's has.
type Service struct {
	// Node is the name of its node, NodeAddress the node's address. Empty: "node"
	// and "127.0.0.1".
	Node, NodeAddress string
	// Service is its name, Tags are its tags. Empty: "nomad" and "rpc".
	Service string
	Tags    []string
	// Address is the service's own. Empty: it is at the node's.
	Address string
	// Port is never filled in.
	Port int
	// Status is that of its check: "passing", "warning", "critical" or "maintenance", or
	// "node maintenance", where the check of the service passes. Empty: "passing".
	Status string
	// WAN is the address for other datacenters. Empty: it has none of its own.
	WAN string
	// NoNodeAddress leaves the node without an address.
	NoNodeAddress bool
}

// registry is the registered instances. It is never changed: a new one replaces
// it.
type registry struct {
	index       uint64
	datacenters []dcServices // nearest first
	leaderless  bool
}

type dcServices struct {
	name     string
	services []Service
}

// SetServices registers these instances in a datacenter in place of those that
// were there, nearest first. A datacenter that was not known becomes the farthest.
func (s *Server) SetServices(datacenter string, services ...Service) {
	dc := dcServices{name: datacenter, services: slices.Clone(services)}
	s.change(func(next *registry) {
		if i := next.find(datacenter); i >= 0 {
			next.datacenters[i] = dc
		} else {
			next.datacenters = append(next.datacenters, dc)
		}
	})
}

// RemoveDatacenter makes a datacenter unknown; there may be none left.
func (s *Server) RemoveDatacenter(datacenter string) {
	s.change(func(next *registry) {
		if i := next.find(datacenter); i >= 0 {
			next.datacenters = slices.Delete(next.datacenters, i, i+1)
		}
	})
}

// SetLeader sets whether Consul's servers have a leader. Without one only stale
// reads are answered, and /v1/status/leader names no server.
func (s *Server) SetLeader(known bool) {
	s.change(func(next *registry) { next.leaderless = !known })
}

func (s *Server) change(f func(next *registry)) {
	replace(&s.catalogue, func(old *registry) *registry {
		next := *old
		next.index++
		next.datacenters = slices.Clone(old.datacenters)
		f(&next)
		return &next
	})
}

// replace publishes what f makes of the value that is there.
func replace[T any](at *atomic.Pointer[T], f func(*T) *T) {
	for {
		old := at.Load()
		if at.CompareAndSwap(old, f(old)) {
			return
		}
	}
}

// find is the place of a datacenter, or -1.
func (r *registry) find(name string) int {
	return slices.IndexFunc(r.datacenters, func(dc dcServices) bool { return dc.name == name })
}

// names are the datacenters.
func (r *registry) names() []string {
	names := make([]string, len(r.datacenters))
	for i, dc := range r.datacenters {
		names[i] = dc.name
	}
	return names
}

// matching are the instances of a service that have all the tags, in whichever
// case either is written.
func (dc dcServices) matching(service string, tags []string) []Service {
	var out []Service
	for _, s := range dc.services {
		s = s.withDefaults()
		all := !slices.ContainsFunc(tags, func(tag string) bool {
			return !slices.ContainsFunc(s.Tags, func(has string) bool { return strings.EqualFold(has, tag) })
		})
		if all && strings.EqualFold(s.Service, service) {
			out = append(out, s)
		}
	}
	return out
}

func (s Service) withDefaults() Service {
	if s.Node == "" {
		s.Node = "node"
	}
	if s.NodeAddress == "" && !s.NoNodeAddress {
		s.NodeAddress = "127.0.0.1"
	}
	if s.Service == "" {
		s.Service = "nomad"
	}
	if s.Tags == nil {
		s.Tags = []string{"rpc"}
	}
	if s.Status == "" {
		s.Status = "passing"
	}
	return s
}

// Services are instances of Nomad's at addresses of the form host:port, as
// [Cluster.Addrs] gives them. A string that is no such address is left out.
func Services(addrs ...string) []Service {
	var out []Service
	for _, addr := range addrs {
		host, digits, err := net.SplitHostPort(addr)
		if err != nil {
			continue
		}
		if port, err := strconv.Atoi(digits); err == nil {
			out = append(out, Service{Node: addr, Address: host, Port: port})
		}
	}
	return out
}
