package dnstest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/miekg/dns"
)

// zone is the records of a Server. It is never changed.
type zone struct {
	sets   map[set][]dns.RR
	faults map[string]Fault
}

// set names the records of one name and type.
type set struct {
	name string
	kind uint16
}

// Set takes records as zone files have them, such as
//
//	nomad.test. 1 IN A 127.0.0.1
//	_rpc._tcp.test. 1 IN SRV 0 1 4647 one.test.
//
// They replace those of the same name and type. The error quotes what is no
// record; nothing changes then.
func (s *Server) Set(records ...string) error {
	fresh := map[set][]dns.RR{}
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err == nil && rr == nil {
			err = fmt.Errorf("it is empty")
		}
		if err != nil {
			return fmt.Errorf("dnstest: %q is no record: %w", text, err)
		}
		k := set{lower(rr.Header().Name), rr.Header().Rrtype}
		fresh[k] = append(fresh[k], rr)
	}
	s.change(func(z *zone) { maps.Copy(z.sets, fresh) })
	return nil
}

// Remove forgets all records of a name: it does not exist any more.
func (s *Server) Remove(name string) {
	s.change(func(z *zone) {
		maps.DeleteFunc(z.sets, func(k set, _ []dns.RR) bool { return k.name == lower(name) })
	})
}

// Inject makes the server misbehave when it is asked for name.
func (s *Server) Inject(name string, f Fault) {
	s.change(func(z *zone) { z.faults[lower(name)] = f })
}

// Heal ends Inject.
func (s *Server) Heal(name string) {
	s.change(func(z *zone) { delete(z.faults, lower(name)) })
}

// change replaces the zone by a copy that f has changed.
func (s *Server) change(f func(*zone)) {
	for {
		old := s.zone.Load()
		next := &zone{sets: map[set][]dns.RR{}, faults: map[string]Fault{}}
		maps.Copy(next.sets, old.sets)
		maps.Copy(next.faults, old.faults)
		f(next)
		if s.zone.CompareAndSwap(old, next) {
			return
		}
	}
}

// aliasesFollowed bounds a chain of CNAMEs.
const aliasesFollowed = 8

// find answers the records for a question, aliases first, and whether the name
// exists at all.
func (z *zone) find(q dns.Question) (found []dns.RR, exists bool) {
	name := lower(q.Name)
	for range aliasesFollowed {
		alias := z.sets[set{name, dns.TypeCNAME}]
		if len(alias) == 0 || q.Qtype == dns.TypeCNAME {
			break
		}
		found = append(found, alias...)
		name = lower(alias[0].(*dns.CNAME).Target)
	}
	found = append(found, z.sets[set{name, q.Qtype}]...)
	for k := range z.sets {
		exists = exists || k.name == name
	}
	return found, exists
}

// lower is a name as the maps have it.
func lower(name string) string { return strings.ToLower(dns.Fqdn(name)) }
