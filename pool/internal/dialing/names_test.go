package dialing

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func addresses(text string) (ips []netip.Addr) {
	for f := range strings.FieldsSeq(text) {
		ips = append(ips, netip.MustParseAddr(f))
	}
	return ips
}

func TestEachAddressOfANameIsFirstForItsShareOfTheAgents(t *testing.T) {
	first := map[netip.Addr]int{}
	for range 3000 {
		first[(*knownName)(nil).order(addresses("10.0.0.1 10.0.0.2 10.0.0.3"), time.Now())[0]]++
	}
	for ip, n := range first {
		if n < 800 || n > 1200 { // eight standard deviations
			t.Errorf("%v is first for %d of 3000 agents", ip, n)
		}
	}
	if len(first) != 3 {
		t.Errorf("%v", first)
	}
}

func TestTheFamilyThatTheResolverPrefersIsFirstAndTheFamiliesAlternate(t *testing.T) {
	for range 100 {
		order := (*knownName)(nil).order(addresses("::1 ::2 10.0.0.1 10.0.0.2 ::3"), time.Now())
		var families string
		for _, ip := range order {
			families += map[bool]string{true: "4", false: "6"}[ip.Is4()]
		}
		if families != "64646" {
			t.Fatalf("%v", order)
		}
	}
}

func TestAddressesThatFailedOfLateComeLastTheOneThatFailedLastAtTheEnd(t *testing.T) {
	var n nameCache
	const addr = "nomad.test:4647"
	now := time.Now()
	n.fail(addr, "10.0.0.1:4647", now) // of a name that was never resolved
	if n.find(addr) != nil {
		t.Fatal("something is known of a name that was not resolved")
	}
	ips := addresses("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4")
	n.learn(addr, ips, now)
	n.fail(addr, "[::ffff:10.0.0.2]:4647", now)
	n.fail(addr, "10.0.0.1:4647", now.Add(time.Second))
	n.fail(addr, "nomad.test:4647", now) // what a dialer of the embedder's gets
	n.learn(addr, ips, now)              // a newer answer forgets no failure
	for range 100 {
		order := n.find(addr).order(slices.Clone(ips), now.Add(2*time.Second))
		if got := fmt.Sprint(order[2:]); got != "[10.0.0.2 10.0.0.1]" {
			t.Fatalf("%v", order)
		}
	}
	firsts := map[netip.Addr]bool{}
	for range 200 {
		firsts[n.find(addr).order(slices.Clone(ips), now.Add(failedFor+2*time.Second))[0]] = true
	}
	if len(firsts) != len(ips) {
		t.Errorf("a minute later only %v come first", firsts)
	}
}

func TestWhileNoAddressWorksEachIsTried(t *testing.T) {
	var n nameCache
	const addr = "nomad.test:4647"
	now := time.Now()
	ips := addresses("10.0.0.1 10.0.0.2 10.0.0.3 ::1 ::2")
	n.learn(addr, ips, now)
	var turns []string
	for range 15 {
		first := n.find(addr).order(slices.Clone(ips), now)[0]
		turns = append(turns, first.String())
		now = now.Add(time.Second)
		n.fail(addr, net.JoinHostPort(first.String(), "4647"), now)
	}
	if slices.Sort(turns[:5]); len(slices.Compact(slices.Clone(turns[:5]))) != 5 || !slices.Equal(turns[5:10], turns[10:]) {
		t.Errorf("%v", turns)
	}
}

func TestTheNamesAndAddressesThatAreRememberedAreBounded(t *testing.T) {
	var n nameCache
	now := time.Now()
	var many []netip.Addr
	for i := range 1000 {
		many = append(many, netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i % 250)}))
	}
	for i := range 2 * maxNames {
		n.learn(fmt.Sprintf("n%d.test:1", i), many[:2], now.Add(time.Duration(i)))
	}
	if got := len(*n.known.Load()); got != maxNames || n.find("n0.test:1") != nil || n.find(fmt.Sprintf("n%d.test:1", 2*maxNames-1)) == nil {
		t.Errorf("%d names", got)
	}
	for range 50 {
		k := n.learn("many.test:1", many, now.Add(time.Hour))
		if len(k.ips) != maxKnown || len(k.absent) > 2*maxKnown {
			t.Fatalf("%d addresses, %d of former answers", len(k.ips), len(k.absent))
		}
	}
}

func TestKnownAddressesAreUsedForADayAndOfANameThatIsGoneForTenMinutes(t *testing.T) {
	now := time.Now()
	k := (*knownName)(nil).next(addresses("10.0.0.1"), now)
	for _, c := range []struct {
		after time.Duration
		gone  bool
		want  bool
	}{
		{10 * time.Minute, true, true},
		{10*time.Minute + 1, true, false},
		{24 * time.Hour, false, true},
		{24*time.Hour + 1, false, false},
	} {
		if got := k.usable(now.Add(c.after), c.gone); got != c.want {
			t.Errorf("after %v, gone %t: %t", c.after, c.gone, got)
		}
	}
	if (*knownName)(nil).usable(now, false) {
		t.Error("what was never resolved is usable")
	}
}

func TestANameLeadsToTheAddressesOfItsLastAnswer(t *testing.T) {
	now := time.Now()
	at := netip.MustParseAddr
	k := (*knownName)(nil).next(addresses("10.0.0.1 ::ffff:10.0.0.2"), now)
	if !k.leads(at("10.0.0.1")) || !k.leads(at("10.0.0.2")) || !k.leads(at("::ffff:10.0.0.1")) || k.leads(at("10.0.0.3")) {
		t.Errorf("%+v", k)
	}
	k = k.next(addresses("10.0.0.2 10.0.0.3"), now)
	if k.leads(at("10.0.0.1")) || !k.leads(at("10.0.0.2")) || !k.leads(at("10.0.0.3")) {
		t.Errorf("%+v", k)
	}
}

// Consul's answers hold three of a service's servers, another three each time.
func TestOfANameWhoseAnswersHoldAPartOfItsAddressesTheLastFewCount(t *testing.T) {
	now := time.Now()
	at := netip.MustParseAddr
	k := (*knownName)(nil).next(addresses("10.0.0.1 10.0.0.2"), now)
	k = k.next(addresses("10.0.0.3 10.0.0.4"), now)
	if k.leads(at("10.0.0.1")) {
		t.Error("nothing tells yet that the answers change")
	}
	k = k.next(addresses("10.0.0.1 10.0.0.3"), now) // one comes back
	for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"} {
		if !k.leads(at(ip)) {
			t.Errorf("it does not lead to %s", ip)
		}
	}
	for range maxAbsent - 2 {
		k = k.next(addresses("10.0.0.1 10.0.0.3"), now)
	}
	if !k.leads(at("10.0.0.2")) {
		t.Error("forgotten too soon")
	}
	for range 2 {
		k = k.next(addresses("10.0.0.1 10.0.0.3"), now)
	}
	if k.leads(at("10.0.0.2")) || k.leads(at("10.0.0.4")) || !k.leads(at("10.0.0.1")) {
		t.Errorf("%+v", k)
	}
	k = k.next(addresses("10.0.0.9"), now)
	if k.leads(at("10.0.0.1")) {
		t.Error("a name whose answers were the same for long has moved")
	}
}
