package dialing

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// Bounds of the names that are remembered.
const (
	maxNames   = 256            // names; of more, the one resolved longest ago is forgotten
	maxKnown   = 64             // addresses of one name, by chance of more
	knownFor   = 24 * time.Hour // how long addresses are used that the resolver gave, while it fails
	goneFor    = 10 * time.Minute
	failedFor  = time.Minute // how long an address that failed comes after the others
	maxAbsent  = 16          // answers without an address before it is forgotten
	lookupMost = 500 * time.Millisecond
)

// nameCache remembers the addresses of names, for when the resolver fails, and which of
// them failed of late. The zero value is ready. Any goroutine may use it.
type nameCache struct {
	known atomic.Pointer[map[string]*knownName]
}

// knownName is the memory of one address with a name in it. It is immutable.
type knownName struct {
	ips      []netip.Addr             // of the last answer, never none
	answered time.Time                // when that came
	absent   map[netip.Addr]int       // answers since the one that had the address; 0 of ips
	rotates  bool                     // an address was absent and came back: answers hold a part of the addresses
	failed   map[netip.Addr]time.Time // when an address failed last
}

// find is the name that is remembered of addr; nil: none.
func (n *nameCache) find(addr string) *knownName {
	if known := n.known.Load(); known != nil {
		return (*known)[addr]
	}
	return nil
}

// change replaces the name that is remembered of addr by the result of next; nil: none.
func (n *nameCache) change(addr string, next func(*knownName) *knownName) {
	for {
		old := n.known.Load()
		all := make(map[string]*knownName)
		if old != nil {
			maps.Copy(all, *old)
		}
		k := next(all[addr])
		if k == nil {
			return
		}
		if all[addr] = k; len(all) > maxNames {
			oldest := addr
			for a, k := range all {
				if k.answered.Before(all[oldest].answered) {
					oldest = a
				}
			}
			delete(all, oldest)
		}
		if n.known.CompareAndSwap(old, &all) {
			return
		}
	}
}

// learn remembers an answer of the resolver.
func (n *nameCache) learn(addr string, ips []netip.Addr, now time.Time) *knownName {
	var learnt *knownName
	n.change(addr, func(old *knownName) *knownName {
		learnt = old.next(ips, now)
		return learnt
	})
	return learnt
}

// fail remembers that an address of a name failed.
func (n *nameCache) fail(addr, route string, now time.Time) {
	at, err := netip.ParseAddrPort(route)
	if err != nil || n.find(addr) == nil {
		return
	}
	n.change(addr, func(old *knownName) *knownName {
		if old == nil {
			return nil // forgotten meanwhile
		}
		k := *old
		k.failed = maps.Clone(old.failed)
		if k.failed == nil {
			k.failed = make(map[netip.Addr]time.Time)
		}
		maps.DeleteFunc(k.failed, func(_ netip.Addr, at time.Time) bool { return now.Sub(at) > failedFor })
		k.failed[at.Addr().Unmap()] = now
		return &k
	})
}

// next is the name after an answer, which is not empty. k may be nil.
func (k *knownName) next(ips []netip.Addr, now time.Time) *knownName {
	ips = some(distinct(ips))
	next := &knownName{ips: ips, answered: now, absent: make(map[netip.Addr]int)}
	if k != nil {
		next.failed = k.failed
		for ip, answers := range k.absent {
			switch {
			case !slices.Contains(ips, ip):
				if answers < maxAbsent && len(next.absent) < maxKnown {
					next.absent[ip] = answers + 1
					next.rotates = next.rotates || k.rotates
				}
			case answers > 0:
				next.rotates = true // it came back
			}
		}
	}
	for _, ip := range ips {
		next.absent[ip] = 0
	}
	return next
}

// leads reports whether the name still leads to an address: the last answer holds it or,
// of a name whose answers hold a part of its addresses only, one of the last few.
// Consul answers with three of a service's addresses, another three each time (1.20.1, agent/config/default.go, udp_answer_limit).
func (k *knownName) leads(ip netip.Addr) bool {
	answers, seen := k.absent[ip.Unmap()]
	return seen && (answers == 0 || k.rotates)
}

// usable reports whether the addresses may be used in place of an answer of the
// resolver, which failed, or answered that there is no such name (gone). k may be nil.
func (k *knownName) usable(now time.Time, gone bool) bool {
	limit := knownFor
	if gone {
		limit = goneFor
	}
	return k != nil && now.Sub(k.answered) <= limit
}

// order is the order in which addresses are tried: by chance, so that each of them
// gets its share of the agents that know the name; the families alternate, the
// resolver's first one first; and last those that failed within failedFor, the latest
// failure at the end. So each of them is tried, also while none works. It changes
// ips. k may be nil.
func (k *knownName) order(ips []netip.Addr, now time.Time) []netip.Addr {
	if len(ips) == 0 {
		return nil
	}
	preferred := ips[0].Unmap().Is4()
	rand.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	first := slices.IndexFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().Is4() == preferred })
	ips[0], ips[first] = ips[first], ips[0]
	mixed := alternate(ips)
	if k != nil && len(k.failed) > 0 {
		slices.SortStableFunc(mixed, func(a, b netip.Addr) int { return k.failure(a, now).Compare(k.failure(b, now)) })
	}
	return mixed
}

// failure is when an address failed; zero: not of late.
func (k *knownName) failure(ip netip.Addr, now time.Time) time.Time {
	if at := k.failed[ip]; now.Sub(at) <= failedFor {
		return at
	}
	return time.Time{}
}

// some is up to maxKnown of the addresses, by chance of more, half of them of each family
// where there are so many. The family of the first one stays in front. It keeps nothing of
// the rest.
func some(ips []netip.Addr) []netip.Addr {
	if len(ips) <= maxKnown {
		return ips
	}
	preferred := ips[0].Is4()
	rand.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	picked, spare := make([]netip.Addr, 0, maxKnown), make([]netip.Addr, 0, maxKnown)
	each := make(map[bool]int) // by family
	for _, ip := range ips {
		switch family := ip.Is4(); {
		case each[family] < maxKnown/2:
			each[family]++
			picked = append(picked, ip)
		case len(spare) < maxKnown:
			spare = append(spare, ip)
		}
	}
	first := slices.IndexFunc(picked, func(ip netip.Addr) bool { return ip.Is4() == preferred })
	picked[0], picked[first] = picked[first], picked[0]
	return append(picked, spare[:maxKnown-len(picked)]...)
}

// distinct is each of the addresses once, in one spelling.
func distinct(ips []netip.Addr) []netip.Addr {
	each := make([]netip.Addr, 0, len(ips))
	seen := make(map[netip.Addr]bool, len(ips))
	for _, ip := range ips {
		if ip = ip.Unmap(); !seen[ip] {
			seen[ip] = true
			each = append(each, ip)
		}
	}
	return each
}
