package roster

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// Each test here holds down one defect of the system that this one replaces.

func TestDefect01BackupsAreKeptAndRankedLast(t *testing.T) {
	g := newRig(t, "a", "b")
	err := ask(g, func(r actor.Reply[error]) messages.Message {
		return messages.AddBackup{Addrs: []string{"x", "y"}, Reply: r}
	})
	if err != nil {
		t.Fatal(err)
	}
	g.expect("*a b | x y")
}

func TestDefect02AFailedProbeAdvancesToTheNextServer(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	var asked []string
	for effects := g.step(messages.RebalanceTick{}); ; {
		probes := only[Probe](effects)
		if len(probes) == 0 {
			break
		}
		asked = append(asked, short(probes[0].Server))
		effects = g.probed(probes[0].Server.Addr, errTest)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(asked, want) {
		t.Errorf("probed %q, want each server once: %q", asked, want)
	}
}

func TestDefect03ANewerServerIsWarnedOfOnceInThreeHours(t *testing.T) {
	g := newRig(t, "a")
	newer := messages.HeartbeatUpdate{
		Servers:       []messages.ServerInfo{{RPCAdvertiseAddr: "a"}, {RPCAdvertiseAddr: "b", RPCMajorVersion: 2}},
		LeaderRPCAddr: "a",
	}
	warnings := func() (n int) {
		for _, l := range only[Log](g.step(newer)) {
			if _, ok := errors.AsType[*VersionError](l.Err); ok {
				n++
			}
		}
		return n
	}
	if got := warnings(); got != 1 {
		t.Fatalf("the first heartbeat gave %d warnings, want 1", got)
	}
	if g.now = g.now.Add(3*time.Hour - time.Second); warnings() != 0 {
		t.Error("the warning was repeated within three hours")
	}
	if g.now = g.now.Add(time.Second); warnings() != 1 {
		t.Error("the warning was not repeated after three hours")
	}
	g.expect("*a+")
}

func TestDefect04AServerNamedTwiceIsAddedOnce(t *testing.T) {
	g := newRig(t, "a")
	g.heartbeat("a", "b", "b:4647", "b", "B")
	g.expect("*a+ b")
}

func TestDefect05NodeCountAndLeaderFollowAnUnchangedServerSet(t *testing.T) {
	g := newRig(t, "a", "b")
	g.heartbeat("a", "b")
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b"), NumNodes: 9, LeaderRPCAddr: "b"})
	if g.view.NumNodes() != 9 || g.view.LeaderAddr() != "b" {
		t.Errorf("the view shows %d nodes and leader %q, want 9 and b", g.view.NumNodes(), g.view.LeaderAddr())
	}
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b"), NumNodes: -1, LeaderRPCAddr: "b"})
	if g.view.NumNodes() != 0 {
		t.Errorf("a negative node count shows as %d, want 0", g.view.NumNodes())
	}
}

func TestDefect06APublishedViewIsNeverEdited(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	old := g.view
	before := picture(old)
	g.heartbeat("c", "d")
	g.fail("c")
	g.step(messages.RebalanceTick{})
	g.probed("d", nil)
	if g.view == old {
		t.Fatal("nothing was published")
	}
	if got := picture(old); got != before {
		t.Errorf("the old view was %q and is now %q", before, got)
	}
}

func TestDefect07AHeartbeatWithoutAUsableServerIsRefused(t *testing.T) {
	g := newRig(t, "a", "b")
	for _, servers := range [][]messages.ServerInfo{
		nil,
		infos("", "a b", "c:0"),
		{{RPCAdvertiseAddr: "d", RPCMajorVersion: 2}},
	} {
		err := ask(g, func(r actor.Reply[error]) messages.Message {
			return messages.HeartbeatUpdate{Servers: servers, NumNodes: 3, LeaderRPCAddr: "c", Reply: r}
		})
		refused, ok := errors.AsType[*messages.UpdateError](err)
		if !ok || refused.Offered != len(servers) || len(refused.Causes) != len(servers) {
			t.Errorf("%v is answered %v, want an *UpdateError about each", servers, err)
		}
		g.expect("*a+ b")
	}
	if g.view.NumNodes() != 3 || g.view.LeaderAddr() != "c" {
		t.Error("node count and leader of a refused heartbeat were not taken")
	}
}

func TestDefect08ARemovedServerDoesNotComeBackWithARound(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	remove := func(addr string) bool {
		return ask(g, func(r actor.Reply[bool]) messages.Message {
			return messages.RemoveServer{Server: serv(t, addr), Reply: r}
		})
	}
	if !remove("b") || remove("b") {
		t.Error("want true for a listed server, then false")
	}
	g.step(messages.RebalanceTick{})
	remove("c") // a candidate of the round under way
	g.probed("a", nil)
	g.expect("*a+")
	g.step(messages.RebalanceTick{})
	g.probed("a", errTest) // finds no server
	g.expect("*a!")
}

func TestDefect09AFailingServerIsKnownByItsAddress(t *testing.T) {
	g := newRig(t, "10.0.0.1", "b")
	picked, _ := g.view.Active()
	g.step(messages.HeartbeatUpdate{
		Servers: []messages.ServerInfo{
			{RPCAdvertiseAddr: "10.0.0.1:4647", Datacenter: "dc9", RPCMinorVersion: 1}, {RPCAdvertiseAddr: "b"},
		},
		LeaderRPCAddr: "b",
	})
	g.step(messages.FailureNotice{Server: picked, Epoch: 1, Err: errTest})
	g.expect("*b 10.0.0.1!")
}

func TestDefect10NoticesThatComeTogetherAllCount(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	picked := g.view.Epoch()
	rotations := 0
	for _, addr := range []string{"a", "b", "a", "b", "a"} {
		effects := g.step(messages.FailureNotice{Server: serv(t, addr), Epoch: picked, Err: errTest})
		rotations += len(only[Publish](effects))
	}
	g.expect("*c a! b!")
	if rotations != 2 {
		t.Errorf("published %d times, want once for each failed server", rotations)
	}
}

func TestDefect11TheSameSeedAndMessagesGiveTheSameEffects(t *testing.T) {
	const text = "start a b c d e f g h seed=3\nbackup s t u v w x y z\nheartbeat h g f e d c b a i j nodes=9 leader=a\ntick\nadvance 3s\ntick\nprobe a ok\nadvance 10m\n"
	first := playAll(t, text, nil)
	for range 20 {
		if again := playAll(t, text, nil); again != first {
			t.Fatalf("played again:\n%s\nbefore:\n%s", again, first)
		}
	}
}

func TestDefect11BackupsAreShuffledBehindThePrimaries(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(20) {
		g := startRig(t, Config{Servers: servs(t, "a", "b")}, seeded(seed))
		g.step(messages.AddBackup{Addrs: []string{"x", "y", "z"}})
		g.step(messages.RebalanceTick{})
		var order []string
		for _, c := range g.r.round.candidates[2:] {
			order = append(order, short(c.server))
		}
		orders[strings.Join(order, " ")] = true
		if slices.Sort(order); !slices.Equal(order, []string{"x", "y", "z"}) {
			t.Fatalf("the last candidates are %q, want the three backups", order)
		}
	}
	if len(orders) < 4 {
		t.Errorf("20 seeds gave the orders %v only", orders)
	}
}

func TestDefect12AHeartbeatKeepsDiscoveredBackups(t *testing.T) {
	g := newRig(t, "a")
	g.step(messages.HeartbeatUpdate{Servers: infos("a")}) // no leader: discovery runs, soon
	g.advance(3 * time.Second)
	g.step(messages.DiscoveryDone{Run: 1, Found: found("x", "y")})
	g.expect("a~ | *x y")
	g.heartbeat("a", "x")
	g.expect("a~ *x+ | y")
	g.heartbeat("b")
	g.expect("a~^ *x+^ b | y")
	g.probed("b", nil)
	g.expect("*b+ | y x+")
}

func TestDefect13ARoundOfSilentServersEndsInOneTimeout(t *testing.T) {
	for _, n := range []int{1, 2, 10, maxCandidates} {
		g := newRig(t, pooled(n)...)
		reply := actor.NewReply[messages.RebalanceResult]()
		effects := slices.Clone(g.step(messages.RebalanceTick{Reply: reply}))
		effects = append(effects, g.advance(3*time.Second)...)
		probes := only[Probe](effects)
		if len(probes) != n {
			t.Errorf("of %d silent servers %d were probed", n, len(probes))
		}
		for _, p := range probes {
			if want := epoch0.Add(3 * time.Second); !p.Until.Equal(want) {
				t.Fatalf("a probe lasts until %v, want %v", p.Until, want)
			}
		}
		if got := received(g, reply, effects); got.Adopted || got.Took != 3*time.Second || got.Probed != n {
			t.Errorf("the round of %d ended with %+v", n, got)
		}
		if len(only[EndRound](effects)) != 1 {
			t.Error("the outstanding probes were not cancelled")
		}
	}
}

func TestDefect14ServersThatArriveDuringARoundStay(t *testing.T) {
	g := newRig(t, "a", "b")
	g.step(messages.RebalanceTick{})
	g.heartbeat("b", "a", "c", "d")
	g.step(messages.AddBackup{Addrs: []string{"x"}})
	g.probed("a", nil)
	g.expect("*a+ b c d | x")
}

func TestDefect15ANameIsListedWithoutBeingResolved(t *testing.T) {
	g := newRig(t, "no-such-host.invalid", "b")
	g.expect("*no-such-host.invalid b")
	g.fail("no-such-host.invalid")
	g.expect("*b no-such-host.invalid!")
}

func TestDefect17EachSeedShufflesInItsOwnWay(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(50) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "c", "d", "e")}, seeded(seed))
		g.step(messages.RebalanceTick{})
		order := ""
		for _, c := range g.r.round.candidates {
			order += short(c.server)
		}
		orders[order] = true
	}
	if len(orders) < 20 {
		t.Errorf("50 seeds gave %d orders", len(orders))
	}
}

func TestDefect18DiscoveryIsAskedAndItsFindingsAreUsed(t *testing.T) {
	g := &rig{t: t, r: New(Config{}, ordered()), now: epoch0}
	g.r.Start(g.now)
	runs := only[Discover](g.take())
	if len(runs) != 1 {
		t.Fatalf("a start without servers asked for discovery %d times, want once", len(runs))
	}
	g.step(messages.DiscoveryDone{Run: runs[0].Run, Found: found("a", "bad:0", "b")})
	g.expect("*a b")
}
