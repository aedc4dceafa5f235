package poolcore

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// outage is a fleet all of whose servers are down for a minute: each agent has one caller,
// which tries the servers one after the other and pauses for a second at least.
type outage struct {
	refused int             // dials, of all agents
	each    []int           // dials to one server in each second
	back    []time.Duration // of each agent, after the servers
}

func runOutage(agents, servers int, spread time.Duration) outage {
	const down, after = 60 * time.Second, 120 * time.Second
	o := outage{each: make([]int, (down+after)/time.Second+10)}
	begin := time.Unix(1000, 0)
	for agent := range agents {
		rng := rand.New(rand.NewPCG(1, uint64(agent)))
		c := New(&Config{Dial: limit}, &testEnv{chance: rng.Float64, usage: unusedSession})
		c.Step(begin, DialSpread{Spread{Over: spread}})
		for since := time.Duration(rng.Int64N(int64(time.Second))); ; since += time.Second + time.Duration(rng.Int64N(int64(time.Second))) {
			up := false
			for i := range servers {
				at := (agent + i) % servers
				for _, d := range first(dialed(c, begin.Add(since), connect(hole(at)))) {
					m := Dialed{Addr: d.Addr, Session: d.Session, Err: errNobody}
					if up = since >= down; up {
						m.Err = nil
					} else {
						o.refused++
					}
					if at == 0 {
						o.each[since/time.Second]++
					}
					dialed(c, begin.Add(since), m)
				}
				if up {
					break
				}
			}
			if up || since > down+after {
				o.back = append(o.back, since-down)
				break
			}
		}
	}
	slices.Sort(o.back)
	return o
}

// What a stock client of Nomad 2.0.6 does in the same minute is 62,133 refused dials of
// 10,000 agents.
func TestAFleetDoesNotStormServersThatAreDown(t *testing.T) {
	const agents, servers, nodes = 2000, 5, 10_000
	o := runOutage(agents, servers, nodes*time.Second/(64*servers))
	refused := float64(o.refused) / agents
	peak := slices.Max(o.each[2:]) * nodes / agents
	median, last := o.back[agents/2], o.back[agents-1]
	t.Logf("%.2f refused dials of each agent, %d a second to one server at most, back after %v (median) and %v (last)", refused, peak, median, last)
	if refused > 6.2 || peak > 4*64 || median > 10*time.Second || last > paceMost+2*time.Second {
		t.Error("too many dials, or back too late")
	}
}

func TestASmallClusterIsBackWithinTheLongestPause(t *testing.T) {
	o := runOutage(300, 3, 0)
	t.Logf("%d refused dials, back after %v at most", o.refused, o.back[len(o.back)-1])
	if last := o.back[len(o.back)-1]; last > backoffLeast+2*time.Second {
		t.Errorf("back after %v", last)
	}
}

// An agent that has a session, or has just lost its one, dials as if it were alone.
func TestOnlyAnAgentThatReachesNoServerIsDelayed(t *testing.T) {
	const spread = 31 * time.Second
	r := newRig(t)
	r.tell(DialSpread{Spread{Over: spread}})
	try := func(addr string) bool {
		dials, _ := dialed(r.core, r.now, connect(addr))
		for _, d := range dials {
			dialed(r.core, r.now, Dialed{Addr: d.Addr, Session: d.Session, Err: errNobody})
		}
		return len(dials) == 1
	}
	for i := range paceFree {
		if !try(hole(i)) {
			t.Fatalf("dial %d is delayed", i)
		}
	}
	if try(addrB) {
		t.Fatal("an agent that reaches no server goes on dialing")
	}
	r.now = r.now.Add(paceMost)
	if !try(addrB) {
		t.Fatal("it does not dial when it is its turn")
	}
	r.now = r.now.Add(paceMost)
	for _, d := range first(dialed(r.core, r.now, connect(addrA))) {
		dialed(r.core, r.now, Dialed{Addr: addrA, Session: d.Session})
		dialed(r.core, r.now, Proven{Addr: addrA})
	}
	for i := range 20 {
		if !try(hole(10 + i)) {
			t.Fatal("an agent that has a session is delayed")
		}
	}
	dialed(r.core, r.now, Disconnected{Addr: addrA, Session: r.core.links.find(addrA).session})
	for i := range paceFree {
		if !try(hole(50 + i)) {
			t.Fatal("an agent that has just lost its session is delayed")
		}
	}
	if try(hole(60)) {
		t.Fatal("and does not find out that it reaches no server")
	}
}

// Some agents have just the servers in front that are dead. They go on to the others as soon
// as any, and only where half of all servers have failed, three at least, may it be an outage.
func TestAFewDeadServersAreNoOutage(t *testing.T) {
	for servers, free := range map[int]int{1: 2, 2: 2, 3: 3, 5: 3, 6: 3, 7: 4, 64: 32} {
		r := newRig(t)
		r.tell(DialSpread{Spread{Over: 31 * time.Second, Servers: servers}})
		dials := 0
		for at := range 64 { // the first failure of an address is followed by a dial at once
			for _, d := range first(dialed(r.core, r.now, connect(hole(at%servers)))) {
				dials++
				dialed(r.core, r.now, Dialed{Addr: d.Addr, Session: d.Session, Err: errNobody})
				r.now = r.now.Add(time.Millisecond)
			}
		}
		if dials != free {
			t.Errorf("of %d servers %d are dialed at once, want %d", servers, dials, free)
		}
	}
	// One that fails again and again is as good as all that were not dialed.
	r := newRig(t)
	r.tell(DialSpread{Spread{Over: 31 * time.Second, Servers: 5}})
	for range paceTwice * paceSome {
		if until := r.core.dials.until(hole(0)); r.now.Before(r.core.cfg.clock.Time(until)) {
			r.now = r.core.cfg.clock.Time(until)
		}
		dials, _ := dialed(r.core, r.now, connect(hole(0)))
		if len(dials) != 1 {
			t.Fatal("it is not dialed")
		}
		dialed(r.core, r.now, Dialed{Addr: dials[0].Addr, Session: dials[0].Session, Err: errNobody})
	}
	if dials, _ := dialed(r.core, r.now, connect(hole(1))); len(dials) > 0 {
		t.Error("an agent that fails at one server again and again goes on dialing")
	}
}

// reachless is an agent of a big fleet that has just found out that it reaches no server,
// and what dials an address that refuses it.
func reachless(t *testing.T) (*rig, func(addr string) bool) {
	r := newRig(t)
	r.tell(DialSpread{Spread{Over: 31 * time.Second}})
	try := func(addr string) bool {
		dials, _ := dialed(r.core, r.now, connect(addr))
		for _, d := range dials {
			dialed(r.core, r.now, Dialed{Addr: d.Addr, Session: d.Session, Err: errNobody})
			r.now = r.now.Add(time.Millisecond)
		}
		return len(dials) == 1
	}
	for i := range paceFree {
		if !try(hole(i)) {
			t.Fatalf("dial %d is delayed", i)
		}
	}
	return r, try
}

// An operator that names a server in an outage, or discovery that finds one, need not wait.
func TestAServerThatIsAddedInAnOutageIsDialedAtOnce(t *testing.T) {
	r, try := reachless(t)
	if try(addrB) {
		t.Fatal("an agent that reaches no server goes on dialing")
	}
	r.tell(ServersAdded{})
	if !try(addrB) {
		t.Fatal("a server that is new is not dialed")
	}
	for range 3 {
		try(addrB)
	}
	if try(addrA) {
		t.Error("an agent that reaches no new server either goes on dialing")
	}
}

func TestTheNextDialInAnOutageIsOfAnotherServer(t *testing.T) {
	r, try := reachless(t)
	r.now = r.paced()
	if try(hole(1)) {
		t.Error("the server is dialed that was dialed last")
	}
	if !try(hole(0)) {
		t.Fatal("nor is the other one")
	}
	r.now = r.paced().Add(paceStep)
	if try(addrB) {
		r.now = r.paced().Add(paceSteps * paceStep)
	} else {
		t.Error("a server that was not dialed yet is delayed")
	}
	if !try(hole(0)) {
		t.Error("a server in place of which no other is dialed is delayed for long")
	}
}
