package status

import (
	"hash/maphash"

	"github.com/open-nomad/rpcproxy/proxy"
)

// mark tells two snapshots apart by what matters at once. Counters, ages and round-trip times
// change all the time: they are sent every 2 s.
type mark uint64

var seed = maphash.MakeSeed()

// moment is what is compared.
type moment struct {
	epoch, leftOut, tenants, moves uint64
	active, fault                  string
	unserved                       bool
}

func markOf(s *proxy.Snapshot) mark {
	var h maphash.Hash
	h.SetSeed(seed)
	now := moment{epoch: s.Epoch, active: s.Active, fault: s.Fault, unserved: s.Unserved, leftOut: uint64(s.LeftOut), tenants: uint64(s.Tenants)}
	for _, n := range s.Counts.Moves {
		now.moves += n
	}
	maphash.WriteComparable(&h, now)
	if b := s.Heartbeat; b != nil {
		maphash.WriteComparable(&h, struct {
			server string
			at     int64
			ttl    proxy.Seconds
		}{b.Server, int64(s.At.Sub(s.Started) - b.Age.Duration()), b.TTL})
	}
	for i := range s.Servers {
		v := &s.Servers[i]
		maphash.WriteComparable(&h, struct {
			addr, role, health string
			failures           uint64
			retained           bool
		}{v.Addr, v.Role, v.Health, v.Failures, v.Retained})
	}
	for i := range s.Sessions {
		v := &s.Sessions[i]
		maphash.WriteComparable(&h, struct {
			server, state string
			id            uint64
			tenant        bool
		}{v.Server, v.State, v.ID, v.Tenant})
	}
	return mark(h.Sum64())
}
