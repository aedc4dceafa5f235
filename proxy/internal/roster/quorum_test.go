package roster

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// pass lets time pass in which every server answers its probes and discovery finds
// nothing; it counts the runs.
func (g *rig) pass(d time.Duration) (runs int) {
	g.t.Helper()
	for end := g.now.Add(d); ; {
		at := g.r.Deadline()
		if at.IsZero() || at.After(end) {
			g.now = end
			return runs
		}
		g.now = at
		g.expire()
		runs += g.truthful(slices.Clone(g.take()))
	}
}

// truthful answers probes and runs of discovery, and counts the runs.
func (g *rig) truthful(effects []Effect) (runs int) {
	for _, e := range effects {
		switch e := e.(type) {
		case Probe:
			g.step(messages.ProbeDone{Round: e.Round, Server: e.Server})
		case Discover:
			runs++
			g.step(messages.DiscoveryDone{Run: e.Run, Err: errTest})
		}
	}
	return runs
}

// denials reports, every so often for a while, that the active server knows no
// leader, and counts the runs of discovery.
func (g *rig) denials(every, during time.Duration) (runs int) {
	g.t.Helper()
	for end := g.now.Add(during); g.now.Before(end); {
		active, _ := g.view.Active()
		runs += g.truthful(slices.Clone(g.noQuorum(active.Addr)))
		runs += g.pass(every)
	}
	return runs
}

func TestWhereNoServerKnowsALeaderServersAreLookedForBeforeAnyHeartbeat(t *testing.T) {
	g := newRig(t, "a", "b")
	if effects := append(slices.Clone(g.noQuorum("a")), g.advance(10*time.Second)...); len(only[Discover](effects)) > 0 {
		t.Fatal("b may know a leader, and yet servers are looked for")
	}
	effects := append(slices.Clone(g.noQuorum("b")), g.advance(3*time.Second)...)
	if runs := only[Discover](effects); len(runs) != 1 {
		t.Fatalf("%d runs within 3 s of the last server's answer, want 1", len(runs))
	}
	g.step(messages.DiscoveryDone{Run: 1, Found: found("p")})
	g.expect("a~ b~ | *p")
}

func TestARoundThatAWordlessServerAnswersDoesNotEndTheSearch(t *testing.T) {
	for what, report := range map[string]func(*rig){
		"denied by calls":     func(g *rig) { g.noQuorum("a") },
		"denied by heartbeat": func(g *rig) { g.hears("a", "") },
	} {
		g := newRig(t, "a")
		report(g)
		g.probeOnly("a")
		if runs := only[Discover](g.advance(4 * time.Second)); len(runs) != 1 {
			t.Errorf("%s: %d runs after a round in which the server answered its ping, want 1", what, len(runs))
		}
	}
}

func TestDenialsMakeAnOrphanOfAnAgentWithoutAHeartbeat(t *testing.T) {
	g := newRig(t, "a", "b")
	g.step(messages.RemoveServer{Server: serv(t, "b")})
	if g.denials(10*time.Second, 90*time.Second); g.r.quorum.orphaned() {
		t.Fatal("an orphan before the time")
	}
	g.expect("*a~")
	g.noQuorum("a")
	g.expect("a~ *b")
	if !g.r.quorum.orphaned() {
		t.Error("no orphan after 90 s")
	}
	g.advance(20 * time.Second)
	g.step(messages.DiscoveryDone{Run: g.r.discovery.run, Found: found("p")})
	g.expect("a~ *b p")
	g.hears("p", "a")
	if g.r.quorum.orphaned() || !g.r.quorum.denied.expiry().IsZero() {
		t.Error("a heartbeat with a leader does not end it")
	}
}

func TestAnAgentThatOnlyMakesCallsIsNoOrphanAfterAnElection(t *testing.T) {
	g := newRig(t, "a")
	if runs := g.denials(time.Second, 10*time.Second); runs != 1 {
		t.Errorf("%d runs in 10 s, want 1", runs)
	}
	// Calls are answered from now on, which is no sign of a leader.
	if runs := g.pass(24 * time.Hour); runs < 4 || runs > 6 || g.r.quorum.orphaned() {
		t.Errorf("in the day after an election of 10 s: %d runs, want those of 90 s; orphan: %t", runs, g.r.quorum.orphaned())
	}
	g.noQuorum("a")
	if g.pass(89 * time.Second); g.r.quorum.orphaned() {
		t.Error("the next election is counted from the last one")
	}
}

func TestDenialsFarApartAreNoRowHoweverLateTheDeadlineIsSeen(t *testing.T) {
	g := newRig(t, "a")
	g.noQuorum("a")
	g.now = g.now.Add(time.Hour) // the process stood still
	if g.noQuorum("a"); g.r.quorum.orphaned() {
		t.Error("two denials in an hour make an orphan")
	}
}

func TestAnOrphanByDenialsAloneIsNoneOnceTheyEnd(t *testing.T) {
	g := newRig(t, "a")
	g.denials(10*time.Second, 100*time.Second)
	if !g.r.quorum.orphaned() {
		t.Fatal("no orphan")
	}
	if g.pass(90 * time.Second); g.r.quorum.orphaned() || g.r.wantsDiscovery() {
		t.Error("still an orphan 90 s after the last denial")
	}

	g = newRig(t, "a", "b") // here a heartbeat says so too
	g.step(messages.HeartbeatUpdate{Servers: infos("a"), TTL: 20 * time.Second, LeaderRPCAddr: "a", From: serv(t, "a")})
	g.denials(10*time.Second, 100*time.Second)
	g.step(messages.RemoveServer{Server: serv(t, "b")})
	if g.pass(time.Hour); !g.r.quorum.orphaned() {
		t.Error("no heartbeat for an hour, and no orphan")
	}
	if g.view.Contains(serv(t, "b")) {
		t.Error("an orphan already, it got back once more what was removed by hand")
	}
}

func TestALongLifetimeDoesNotDelayAnOrphanByDenials(t *testing.T) {
	g := newRig(t, "a")
	g.step(messages.HeartbeatUpdate{Servers: infos("m"), TTL: 5 * time.Minute, LeaderRPCAddr: "m", From: serv(t, "m")})
	g.denials(20*time.Second, 2*time.Minute)
	g.expect("m~ *a")
}

func TestAHeartbeatWithoutALeaderAndALifetimeStartsTheClock(t *testing.T) {
	g := newRig(t, "a")
	g.step(messages.HeartbeatUpdate{})
	if g.advance(90*time.Second - 1); g.r.quorum.orphaned() {
		t.Error("an orphan before 90 s")
	}
	if g.advance(1); !g.r.quorum.orphaned() {
		t.Error("no orphan after 90 s")
	}

	g = newRig(t, "a") // a lifetime that is known stays
	g.step(messages.HeartbeatUpdate{Servers: infos("a"), TTL: 5 * time.Second, LeaderRPCAddr: "a", From: serv(t, "a")})
	g.step(messages.HeartbeatUpdate{})
	if g.advance(15 * time.Second); !g.r.quorum.orphaned() {
		t.Error("no orphan after three lifetimes of 5 s")
	}
}
