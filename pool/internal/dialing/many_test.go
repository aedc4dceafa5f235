package dialing

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"
)

// crowd are so many addresses, every eighth one of the other family.
func crowd(n int) (ips []netip.Addr) {
	for i := range n {
		if i%8 == 7 {
			ips = append(ips, netip.AddrFrom16([16]byte{0xfd, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}))
			continue
		}
		ips = append(ips, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	return ips
}

// answers is a resolver that gives every name the same addresses.
type answers []netip.Addr

func (a answers) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return slices.Clone(a), nil
}

// A resolver may answer with as many addresses as it likes: a dial gets a few, of either
// family, and a few are remembered.
func TestOfANameWithManyAddressesAFewAreUsed(t *testing.T) {
	all := crowd(100_000)
	r := &Resolver{Net: answers(all)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	seen := map[string]bool{}
	for i := range 20 {
		name := string(rune('a'+i)) + ".test.:4647"
		routes, err := r.Resolve(t.Context(), name)
		if err != nil || len(routes.Each) != maxRoutes {
			t.Fatalf("%v: %d routes", err, len(routes.Each))
		}
		families := map[bool]int{}
		for _, at := range routes.Each {
			seen[at] = true
			families[netip.MustParseAddrPort(at).Addr().Is4()]++
		}
		if families[true] != maxRoutes/2 || !netip.MustParseAddrPort(routes.Each[0]).Addr().Is4() {
			t.Errorf("%v", routes.Each)
		}
		if known := r.names.find(name); len(known.ips) != maxKnown || cap(known.ips) > 2*maxKnown || len(known.absent) > maxKnown {
			t.Errorf("%d addresses, room for %d, and %d are remembered", len(known.ips), cap(known.ips), len(known.absent))
		}
	}
	if len(seen) < 10*maxRoutes {
		t.Errorf("20 names that share 100,000 addresses lead to %d of them only", len(seen))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 4<<20 {
		t.Errorf("%d bytes are held", held)
	}
	runtime.KeepAlive(r)
}

// An address that is one of very many is there still, also if it is not among those that
// are remembered.
func TestAnAddressAmongManyHasNotMoved(t *testing.T) {
	all := crowd(5000)
	r := &Resolver{Net: answers(all)}
	const name = "nomad.test.:4647"
	for i := range 50 {
		at := netip.AddrPortFrom(all[i*97], 4647).String()
		if moved, err := r.Moved(t.Context(), name, at); err != nil || moved {
			t.Fatalf("%s: %t, %v", at, moved, err)
		}
	}
	if moved, err := r.Moved(t.Context(), name, "192.0.2.1:4647"); err != nil || !moved {
		t.Errorf("one that the name does not have: %t, %v", moved, err)
	}
	r.names.fail(name, "192.0.2.1:4647", time.Now())
}
