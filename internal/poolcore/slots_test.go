package poolcore

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/open-nomad/rpcproxy/actor"
)

// hole is the address of one of many servers that swallow packets.
func hole(i int) string { return fmt.Sprintf("10.1.%d.%d:4647", i/250, i%250+1) }

// crowd has so many probes of so many addresses asked for, and answers the dials made.
func crowd(c *Core, r *rig, probes int) (dials []Dial) {
	for i := range probes {
		dials = append(dials, first(dialed(c, r.now, Connect{Addr: hole(i), Probe: true, Reply: actor.NewReply[error]()}))...)
	}
	return dials
}

func TestAThousandProbesAreDialedAFewAtATime(t *testing.T) {
	r := newRig(t)
	under := crowd(r.core, r, 1024)
	if len(under) != maxProbes {
		t.Fatalf("%d dials at once, want %d", len(under), maxProbes)
	}
	// In the order in which they were asked for, the next one as soon as one has ended.
	for i := range 1024 {
		if len(under) == 0 || under[0].Addr != hole(i) {
			t.Fatalf("dial %d: %v", i, under)
		}
		next := first(dialed(r.core, r.now, Dialed{Addr: under[0].Addr, Session: under[0].Session, Err: errNobody}))
		if under = append(under[1:], next...); len(under) > maxProbes || len(r.core.slots.running) != len(under) {
			t.Fatalf("%d dials are under way, %d by the core's count", len(under), len(r.core.slots.running))
		}
	}
	if len(r.core.slots.queue) != 0 || len(r.core.links) != 0 {
		t.Errorf("%d wait still, %d links", len(r.core.slots.queue), len(r.core.links))
	}
}

func TestACallIsDialedForAtOnceWhileAThousandProbesWait(t *testing.T) {
	r := newRig(t)
	crowd(r.core, r, 1024)
	dials, _ := dialed(r.core, r.now, connect(addrA))
	if len(dials) != 1 || dials[0].Addr != addrA {
		t.Fatalf("%v", dials)
	}
	// One that joins a probe has it go before the others.
	if dials, _ = dialed(r.core, r.now, connect(hole(1000))); len(dials) != 0 {
		t.Fatalf("%v: it is in the queue already", dials)
	}
	dials, _ = dialed(r.core, r.now, Dialed{Addr: hole(0), Session: 1, Err: errNobody})
	if len(dials) == 0 || dials[0].Addr != hole(1000) {
		t.Fatalf("%v, want that for the call", dials)
	}
}

func TestCallsToManyAddressesAreDialedForInTheirOrder(t *testing.T) {
	r := newRig(t)
	var under []Dial
	for i := range 100 {
		under = append(under, first(dialed(r.core, r.now, connect(hole(i))))...)
	}
	if len(under) != maxDials {
		t.Fatalf("%d dials at once, want %d", len(under), maxDials)
	}
	for i := range 100 {
		if under[0].Addr != hole(i) {
			t.Fatalf("dial %d is to %s", i, under[0].Addr)
		}
		under = append(under[1:], first(dialed(r.core, r.now, Dialed{Addr: hole(i), Session: under[0].Session, Err: errNobody}))...)
	}
}

func TestADialIsNotMadeForACallerThatHasLeftTheQueue(t *testing.T) {
	r := newRig(t)
	under := crowd(r.core, r, maxProbes)
	gone, stays := hole(500), hole(501)
	ask := func(addr string) actor.Reply[error] {
		m := Connect{Addr: addr, Probe: true, Reply: actor.NewReply[error]()}
		if dials, _ := dialed(r.core, r.now, m); dials != nil {
			t.Fatalf("%v: there is no slot", dials)
		}
		return m.Reply
	}
	one, two, other := ask(gone), ask(gone), ask(stays)
	dialed(r.core, r.now, Withdraw{Addr: gone, Reply: one})
	if r.core.links.find(gone) == nil {
		t.Fatal("another one waits for it")
	}
	dialed(r.core, r.now, Withdraw{Addr: gone, Reply: two})
	dialed(r.core, r.now, Withdraw{Addr: gone, Reply: two}) // twice, and about nothing
	dialed(r.core, r.now, Withdraw{Addr: addrB, Reply: other})
	if r.core.links.find(gone) != nil || len(r.core.slots.queue) != 1 {
		t.Fatalf("%v is kept for no caller; %d wait", r.core.links.find(gone), len(r.core.slots.queue))
	}
	// A caller that leaves a dial under way leaves it to the next.
	dialed(r.core, r.now, Withdraw{Addr: stays, Reply: actor.NewReply[error]()})
	dials, _ := dialed(r.core, r.now, Dialed{Addr: under[0].Addr, Session: under[0].Session, Err: errNobody})
	if len(dials) != 1 || dials[0].Addr != stays {
		t.Fatalf("%v", dials)
	}
	dialed(r.core, r.now, Withdraw{Addr: stays, Reply: other})
	if _, answers := dialed(r.core, r.now, connect(stays)); answers != nil {
		t.Fatalf("%v: its dial is under way", answers)
	}
}

// Dials that go on without a caller give way, the oldest first.
func TestALateDialGivesItsSlotToOneThatIsWanted(t *testing.T) {
	r := newRig(t)
	r.core.cfg.Dial = limit
	under := crowd(r.core, r, maxProbes)
	for _, d := range under[:2] {
		dialed(r.core, r.now, DialLate{Addr: d.Addr, Session: d.Session, Err: tooLate(d.Addr)})
	}
	for i := range 2 {
		r.core.Step(r.now, Connect{Addr: hole(600 + i), Probe: true})
		r.expect("a probe", []string{fmt.Sprintf("abandon %d", under[i].Session), fmt.Sprintf("dial %s as %d", hole(600+i), r.core.last)})
	}
	r.core.Step(r.now, Connect{Addr: hole(602), Probe: true})
	r.expect("a probe too many", nil)
	// The end of an abandoned dial is no failure of its address, and frees no slot twice.
	failures := r.core.dials.each.find(under[0].Addr).failures
	r.core.Step(r.now, Dialed{Addr: under[0].Addr, Session: under[0].Session, Err: errNobody})
	r.expect("its end", nil)
	if got := r.core.dials.each.find(under[0].Addr).failures; got != failures || len(r.core.slots.running) != maxProbes {
		t.Errorf("%d failures, %d slots in use", got, len(r.core.slots.running))
	}
}

// What new credentials have made to be dialed again has a slot as anything else.
func TestRenewalsTakeSlotsToo(t *testing.T) {
	r := newRig(t)
	const sessions = 2 * maxDials
	for i := range sessions {
		for _, d := range first(dialed(r.core, r.now, connect(hole(i)))) {
			dialed(r.core, r.now, Dialed{Addr: d.Addr, Session: d.Session})
		}
	}
	under, _ := dialed(r.core, r.now, Secured{})
	all := 0
	for ; len(under) > 0; all++ {
		if len(under) > maxDials {
			t.Fatalf("%d dials at once", len(under))
		}
		under = append(under[1:], first(dialed(r.core, r.now, Dialed{Addr: under[0].Addr, Session: under[0].Session}))...)
	}
	if all != sessions {
		t.Errorf("%d sessions were renewed, want %d", all, sessions)
	}
}

// What dials may be an embedder's, and not look at its context: dials that were given up, and
// do not end, are bounded too.
func TestDialsThatWereGivenUpAndDoNotEndAreBounded(t *testing.T) {
	r := newRig(t)
	r.core.cfg.Dial = limit
	under := map[uint64]string{}
	begin := func(dials []Dial) {
		for _, d := range dials {
			under[d.Session] = d.Addr
			dialed(r.core, r.now, DialLate{Addr: d.Addr, Session: d.Session, Err: tooLate(d.Addr)})
		}
	}
	const most = maxDials + maxGivenUp
	for i := range 10_000 {
		begin(first(dialed(r.core, r.now, connect(hole(i)))))
		if len(under) > most {
			t.Fatalf("%d dials at once", len(under))
		}
	}
	if len(under) != most {
		t.Fatalf("%d dials at once, want %d", len(under), most)
	}
	// One that ends at last makes room for another, the given up ones too, which are the oldest.
	ids := slices.Sorted(maps.Keys(under))
	for _, id := range []uint64{ids[0], ids[1], ids[most-1]} {
		addr := under[id]
		delete(under, id)
		dials, _ := dialed(r.core, r.now, Dialed{Addr: addr, Session: id, Err: errNobody})
		if begin(dials); len(dials) != 1 || len(under) != most {
			t.Fatalf("%d dials after the end of one, %d at once", len(dials), len(under))
		}
	}
}
