package roster

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// hears is a heartbeat that from answered; leader may be empty.
func (g *rig) hears(from, leader string) []Effect {
	g.t.Helper()
	m := messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), LeaderRPCAddr: leader, TTL: 24 * time.Hour}
	if from != "" {
		m.From = serv(g.t, from)
	}
	return g.step(m)
}

func TestAReportSetsAServersHealth(t *testing.T) {
	states := map[string]func(*rig){
		"unknown":    func(*rig) {},
		"alive":      func(g *rig) { g.step(messages.Recovered{Server: serv(g.t, "b")}) },
		"failed":     func(g *rig) { g.fail("b") },
		"leaderless": func(g *rig) { g.noQuorum("b") },
	}
	tests := []struct {
		what                               string
		report                             func(*rig)
		unknown, alive, failed, leaderless messages.Health
	}{
		{
			"a failure", func(g *rig) { g.fail("b") },
			messages.Failed, messages.Failed, messages.Failed, messages.Failed,
		}, {
			"an answer without a leader", func(g *rig) { g.noQuorum("b") },
			messages.Leaderless, messages.Leaderless, messages.Leaderless, messages.Leaderless,
		}, {
			"a heartbeat without a leader", func(g *rig) { g.hears("b", "") },
			messages.Leaderless, messages.Leaderless, messages.Leaderless, messages.Leaderless,
		}, {
			"a heartbeat with a leader", func(g *rig) { g.hears("b", "a") },
			messages.Alive, messages.Alive, messages.Alive, messages.Alive,
		}, {
			"another's heartbeat with a leader", func(g *rig) { g.hears("c", "a") },
			messages.Unknown, messages.Alive, messages.Failed, messages.Leaderless,
		}, {
			"another's heartbeat without a leader", func(g *rig) { g.hears("c", "") },
			messages.Unknown, messages.Alive, messages.Failed, messages.Leaderless,
		}, {
			"an answer to a call", func(g *rig) { g.step(messages.Recovered{Server: serv(g.t, "b")}) },
			messages.Alive, messages.Alive, messages.Alive, messages.Leaderless,
		}, {
			"an answer to a probe, no leader known", func(g *rig) { g.probeOnly("b") },
			messages.Alive, messages.Alive, messages.Alive, messages.Leaderless,
		}, {
			"an answer to a probe, a leader known", func(g *rig) {
				g.hears("c", "a")
				g.probeOnly("b")
			},
			messages.Alive, messages.Alive, messages.Alive, messages.Unknown,
		},
	}
	for _, tt := range tests {
		for state, want := range map[string]messages.Health{
			"unknown": tt.unknown, "alive": tt.alive, "failed": tt.failed, "leaderless": tt.leaderless,
		} {
			g := newRig(t, "a", "b", "c")
			states[state](g)
			if got := g.view.Health(serv(t, "b")).String(); got != state {
				t.Fatalf("b is %s at first, want %s", got, state)
			}
			tt.report(g)
			if got := g.view.Health(serv(t, "b")); got != want {
				t.Errorf("%s makes %s of a server that was %s, want %s", tt.what, got, state, want)
			}
		}
	}
}

// probeOnly runs a round in which only addr answers.
func (g *rig) probeOnly(addr string) {
	for effects := g.step(messages.RebalanceTick{}); ; {
		probes := only[Probe](effects)
		if len(probes) == 0 {
			return
		}
		var err error
		if short(probes[0].Server) != addr {
			err = errTest
		}
		effects = g.probed(probes[0].Server.Addr, err)
	}
}

func TestWithoutFromAHeartbeatSpeaksForTheActiveServer(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.hears("", "a")
	g.expect("*a+ b c")
	g.hears("", "")
	g.expect("*b c a~")
	g.hears("", "c")
	g.expect("*b+ c a~")
	g.step(messages.HeartbeatUpdate{Servers: infos("c"), LeaderRPCAddr: "c"}) // b answered, and leaves once c does
	g.expect("*b+^ c a~^")
	g.probed("c", nil)
	g.expect("*c+")
	g.step(messages.HeartbeatUpdate{Servers: infos("c"), LeaderRPCAddr: "c", From: serv(t, "z")}) // nobody knows z
	g.expect("*c+")
}

func TestAHeartbeatDoesNotOutdateTheFirstFailure(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.hears("a", "a")
	g.step(messages.FailureNotice{Server: serv(t, "a"), Epoch: 1, Err: errTest})
	g.expect("*b c a!")
	failed := g.view.Epoch()
	g.hears("a", "a")
	g.step(messages.FailureNotice{Server: serv(t, "a"), Epoch: failed, Err: errTest})
	g.expect("*b c a+") // but it does if the failure was known
}

func TestNoticesOfOneEpochMoveTheActiveServerOnce(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	for _, addr := range []string{"a", "b", "c"} {
		g.noQuorum(addr)
	}
	g.expect("*a~ b~ c~")
	for turn, want := range []string{"*b~ c~ a~", "*c~ a~ b~", "*a~ b~ c~"} {
		epoch := g.view.Epoch()
		active, _ := g.view.Active()
		for _, addr := range []string{active.Addr, "a", "b", "c", "a", "b", "c"} {
			g.step(messages.FailureNotice{Server: serv(t, addr), Epoch: epoch, Err: errNoLeader, NoQuorum: true})
		}
		g.expect(want)
		if got := g.view.Epoch(); got != epoch+1 {
			t.Errorf("turn %d published %d views, want 1", turn, got-epoch)
		}
	}
}

func TestAmongLeaderlessServersOneThatAnswersStaysActive(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.step(messages.AddBackup{Addrs: []string{"x"}})
	g.noQuorum("x")
	g.noQuorum("b")
	g.fail("c")
	g.fail("a")
	g.expect("*b~ c! a! | x~")
	changed := ask(g, func(r actor.Reply[bool]) messages.Message {
		return messages.FailureNotice{Server: serv(t, "b"), Epoch: g.view.Epoch(), NoQuorum: true, Reply: r}
	})
	if g.expect("*b~ c! a! | x~"); changed {
		t.Error("no server of b's class could take over, yet the notice changed something")
	}
}

func TestALeaderlessMarkAndAChanceOutdateEarlierNotices(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.noQuorum("b")
	g.step(messages.FailureNotice{Server: serv(t, "b"), Epoch: 1, Err: errTest})
	g.expect("*a b~ c")
	g.hears("a", "a")
	marked := g.view.Epoch()
	g.probeOnly("b")
	g.expect("*b a! c!")
	g.step(messages.FailureNotice{Server: serv(t, "b"), Epoch: marked, Err: errNoLeader, NoQuorum: true})
	g.expect("*b a! c!")
}

func TestOneEpisodeIsLoggedOnce(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	lines := 0
	count := func(effects []Effect) {
		for _, l := range only[Log](effects) {
			if l.Message == "server knows no leader" && short(l.Server) == "a" {
				lines++
			}
		}
	}
	count(g.noQuorum("a"))
	count(g.noQuorum("a"))
	count(g.hears("a", ""))
	for range 3 { // chances that come to nothing
		g.hears("b", "b")
		g.probeOnly("a")
		count(g.noQuorum("a"))
	}
	if lines != 1 {
		t.Errorf("one episode is logged %d times, want once", lines)
	}
	g.hears("a", "a")
	if count(g.noQuorum("a")); lines != 2 {
		t.Error("a second episode is not logged")
	}
	g.fail("a")
	g.step(messages.Recovered{Server: serv(t, "a"), Epoch: g.view.Epoch()})
	if count(g.noQuorum("a")); lines != 3 {
		t.Error("a third episode is not logged")
	}
	g.probeOnly("a") // a chance, and this time it comes to something
	g.hears("a", "a")
	if count(g.noQuorum("a")); lines != 4 {
		t.Error("a fourth episode is not logged")
	}
}

// order is the candidates of the round under way.
func (g *rig) order() (order []string) {
	for _, c := range g.r.round.candidates {
		order = append(order, short(c.server))
	}
	return order
}

func TestARoundTriesLeaderlessServersAfterTheOthersOfTheirClass(t *testing.T) {
	for seed := range uint64(20) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "c", "d"), Datacenter: "dc1", PreferDatacenter: true}, seeded(seed))
		g.step(messages.HeartbeatUpdate{LeaderRPCAddr: "a", Servers: []messages.ServerInfo{
			{RPCAdvertiseAddr: "a", Datacenter: "dc1"},
			{RPCAdvertiseAddr: "b", Datacenter: "dc1"},
			{RPCAdvertiseAddr: "c", Datacenter: "dc2"},
			{RPCAdvertiseAddr: "d", Datacenter: "dc2"},
		}})
		g.step(messages.AddBackup{Addrs: []string{"x", "y"}})
		for _, addr := range []string{"a", "c", "x"} {
			g.noQuorum(addr)
		}
		g.fail("b")
		g.step(messages.RebalanceTick{})
		if got, want := g.order(), []string{"b", "d", "a", "c", "y", "x"}; !slices.Equal(got, want) {
			t.Fatalf("seed %d: the order is %q, want %q", seed, got, want)
		}
	}
}

func TestALeaderlessServerIsPassedOverOnceWhileThereIsALeader(t *testing.T) {
	for _, leader := range []string{"b", ""} {
		firsts := map[string]int{}
		for seed := range uint64(60) {
			g := startRig(t, Config{Servers: servs(t, "a", "b", "c")}, seeded(seed))
			g.hears("b", "b")
			g.noQuorum("a")
			g.probeOnly("c")
			if got := g.candidates()[2].server; short(got) != "a" {
				t.Fatalf("seed %d: the first round tries %s last, want a", seed, got)
			}
			g.step(messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), LeaderRPCAddr: leader, From: serv(t, "b")})
			g.step(messages.RebalanceTick{})
			firsts[g.order()[0]]++
		}
		if (firsts["a"] > 5) != (leader != "") {
			t.Errorf("leader %q: a is the first of the second round in %d of 60 agents", leader, firsts["a"])
		}
	}
}

func TestALeaderlessMarkNewerThanTheProbeOutlastsItsAnswer(t *testing.T) {
	g := newRig(t, "a", "b")
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b"), LeaderRPCAddr: "b", From: serv(t, "z")})
	g.step(messages.RebalanceTick{})
	g.noQuorum("a")
	g.probed("a", nil)
	g.expect("*b a~")
}

func TestAdoptingKeepsLeaderlessServersBehindTheOthers(t *testing.T) {
	g := newRig(t, "a", "b", "c", "d", "e")
	g.noQuorum("b")
	g.noQuorum("d")
	g.step(messages.RebalanceTick{})
	g.expect("*a b~ c d~ e")
	g.probed("a", errTest)
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b", "c", "d", "e", "f"), From: serv(t, "e")}) // e: no leader
	g.probed("c", nil)
	g.expect("*c+ f e~ b~ d~ a!")
	g.probeOnly("d")
	g.expect("*d~ c! f! a! e! b!")
}
