package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// calmRig has a roster whose rounds are far away: their probes are not answered here.
func calmRig(t *testing.T, seed uint64, servers ...string) *rig {
	return startRig(t, Config{
		Servers: servs(t, servers...), NoDiscovery: true, Rebalance: Timing{MinInterval: 24 * time.Hour, Spread: 24 * time.Hour},
	}, seeded(seed))
}

// denying lets the active server deny a leader every two seconds for a while, and answers
// when that led to a connection, counted from the first denial.
func denying(g *rig, lasts time.Duration) (at []time.Duration) {
	g.t.Helper()
	for begin := g.now; g.now.Sub(begin) <= lasts; g.advance(2 * time.Second) {
		active, _ := g.view.Active()
		for _, e := range only[Reconnect](g.step(messages.FailureNotice{Server: active, NoQuorum: true})) {
			if e.Server != g.r.list.active().server && e.Server != active {
				g.t.Errorf("it is to %v", e.Server)
			}
			at = append(at, g.now.Sub(begin))
		}
	}
	return at
}

func TestAnElectionLeadsToNoNewConnection(t *testing.T) {
	for _, servers := range [][]string{{"a"}, {"a", "b", "c"}} {
		for seed := range uint64(100) {
			g := calmRig(t, seed, servers...)
			if at := denying(g, reconnectAfter-1); at != nil {
				t.Fatalf("after %v", at)
			}
		}
	}
}

func TestAServerThatStaysLeaderlessIsConnectedToAnewEverMoreRarely(t *testing.T) {
	for _, servers := range [][]string{{"a"}, {"a", "b", "c"}} {
		for seed := range uint64(100) {
			g := calmRig(t, seed, servers...)
			at := denying(g, time.Hour)
			if len(at) < 10 || len(at) > 18 || at[0] < reconnectAfter || at[0] > reconnectAfter+reconnectPause+4*time.Second {
				t.Fatalf("%d times in an hour: %v", len(at), at)
			}
			for i, least := 1, reconnectPause; i < len(at); i, least = i+1, min(2*least, reconnectMost) {
				if pause := at[i] - at[i-1]; pause < least || pause > least*3/2+4*time.Second {
					t.Fatalf("%v after the last, want %v and up to a half more: %v", pause, least, at)
				}
			}
		}
	}
}

func TestAFleetWithoutALeaderDoesNotConnectInStep(t *testing.T) {
	const agents, nodes, servers = 500, 100_000, 3
	perSecond := map[time.Duration]int{}
	for seed := range uint64(agents) {
		g := calmRig(t, seed, "a")
		g.step(messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), NumNodes: nodes, LeaderRPCAddr: "a", TTL: time.Hour})
		for _, at := range denying(g, 10*time.Minute) {
			perSecond[at.Truncate(10*time.Second)]++
		}
	}
	const promised = 64 * servers * 10 * agents / nodes // in ten seconds, of this part of the fleet
	for at, n := range perSecond {
		if n > promised*5/2 {
			t.Errorf("%d connections in the ten seconds from %v on, want about %d", n, at, promised)
		}
	}
	if len(perSecond) < 50 {
		t.Errorf("all of them come within %d times ten seconds", len(perSecond))
	}
}

func TestDenialsThatAreRareOrEndedByALeaderAreNoRow(t *testing.T) {
	g := newRig(t, "a")
	deny := func() int {
		return len(only[Reconnect](g.step(messages.FailureNotice{Server: serv(t, "a"), NoQuorum: true})))
	}
	for range 50 { // an election now and then, of an agent that sends no heartbeats
		if g.now = g.now.Add(denialGap + time.Second); deny() > 0 {
			t.Fatal("each of them is one of its own")
		}
	}
	denying(g, reconnectAfter)
	g.step(messages.HeartbeatUpdate{Servers: infos("a"), LeaderRPCAddr: "a", TTL: time.Hour, From: serv(t, "a")})
	if at := denying(g, reconnectAfter-time.Second); at != nil {
		t.Errorf("after %v, although a heartbeat has named a leader", at)
	}
}

func TestWithoutDenialsNothingIsConnectedAnew(t *testing.T) {
	g := newRig(t, "a")
	denying(g, reconnectAfter/2)
	if at := only[Reconnect](g.advance(time.Hour)); at != nil {
		t.Errorf("%v", at)
	}
}

func TestALeaderlessServerIsNotConnectedToAnewWhileAnotherServes(t *testing.T) {
	g := newRig(t, "a", "b")
	g.step(messages.Recovered{Server: serv(t, "b")})
	for range 60 {
		if e := only[Reconnect](g.noQuorum("a")); e != nil {
			t.Fatalf("%v", e)
		}
		g.now = g.now.Add(2 * time.Second)
	}
}

func TestHeartbeatsThatNameNoLeaderCountLikeDenials(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	var n int
	for range 20 {
		for _, addr := range []string{"a", "b", "c"} {
			n += len(only[Reconnect](g.hears(addr, "")))
		}
		g.now = g.now.Add(5 * time.Second)
	}
	if n < 2 || n > 5 {
		t.Errorf("%d connections in 100 s", n)
	}
}

func TestAServerWhoseAddressLeadsToABetterOneGetsAChance(t *testing.T) {
	g := newRig(t, "a", "b")
	g.noQuorum("a")
	g.noQuorum("b")
	old := g.view.Epoch()
	g.step(messages.Reconnected{Server: serv(t, "b")})
	if active, _ := g.view.Active(); active != serv(t, "b") || g.view.Health(active) != messages.Unknown {
		t.Fatalf("%v is in front, %v", active, g.view.Health(active))
	}
	g.step(messages.FailureNotice{Server: serv(t, "b"), Epoch: old, NoQuorum: true}) // of a call on the old session
	if g.view.Health(serv(t, "b")) != messages.Unknown {
		t.Error("what was seen before counts against it")
	}
	g.step(messages.Recovered{Server: serv(t, "b"), Epoch: g.view.Epoch()})
	if g.view.Health(serv(t, "b")) != messages.Alive {
		t.Error("its answer does not count")
	}
	g.fail("a")
	for _, addr := range []string{"a", "b", "unknown"} { // it does nothing for one that is alive, failed or gone
		before := g.view
		if g.step(messages.Reconnected{Server: serv(t, addr)}); g.view != before {
			t.Errorf("of %s it changes the picture", addr)
		}
	}
}
