package roster

import (
	"math"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestTheSpreadFollowsTheSizeOfTheCluster(t *testing.T) {
	standard := Config{}.withDefaults().Rebalance
	for _, tt := range []struct {
		what           string
		nodes, servers int
		draw           float64
		want           time.Duration // 0: no round is brought forward
	}{
		{"small cluster, shortest", 100, 5, 0, 5 * time.Second},
		{"small cluster, middle", 100, 5, 0.5, 10 * time.Second},
		{"small cluster, longest", 100, 5, 1, 15 * time.Second},
		{"10,000 clients, 5 servers, longest: the scale counts", 10_000, 5, 1, 5*time.Second + 31250*time.Millisecond*1000/942},
		{"and shortest", 10_000, 5, 0, 5 * time.Second},
		{"24,000 clients, 5 servers, longest", 24_000, 5, 1, 5*time.Second + 75*time.Second*100/65},
		{"27,000 clients, 5 servers: as long as a connection is kept", 27_000, 5, 0.5, 0},
		{"100,000 clients, 5 servers", 100_000, 5, 0, 0},
		{"no server", 100_000, 0, 1, 15 * time.Second},
		{"nonsense", math.MaxInt, 1, 1, 0},
	} {
		got, ok := standard.spread(size{tt.nodes, tt.servers}, tt.draw)
		if (got-tt.want).Abs() > 100*time.Millisecond || ok != (tt.want > 0) {
			t.Errorf("%s: %v, %t, want %v", tt.what, got, ok, tt.want)
		}
	}
	slow := Timing{MinInterval: time.Hour, Spread: 2 * time.Second, ConnsPerServerSecond: 1}
	if got, _ := slow.spread(size{10, 2}, 1); (got - 2*time.Second - 5*time.Second*100/115).Abs() > 10*time.Millisecond {
		t.Errorf("with a spread of 2 s and one connection a second: %v, want 6.2 s", got)
	}
}

func TestOnlyAFailoverBringsTheRoundForward(t *testing.T) {
	for _, tt := range []struct {
		what   string
		report func(*rig)
		sooner bool
	}{
		{"the active server fails", func(g *rig) { g.fail("a") }, true},
		{"the active server knows no leader", func(g *rig) { g.noQuorum("a") }, true},
		{"the active server's heartbeat names no leader", func(g *rig) { g.hears("a", "") }, true},
		{"another server fails", func(g *rig) { g.fail("b") }, false},
		{"another server knows no leader", func(g *rig) { g.noQuorum("b") }, false},
		{"another server's heartbeat names no leader", func(g *rig) { g.hears("b", "") }, false},
		{"a stale notice", func(g *rig) {
			g.probeOnly("a")
			g.step(messages.FailureNotice{Server: serv(g.t, "a"), Epoch: 1, Err: errTest})
		}, false},
		{"the active server is removed", func(g *rig) { g.step(messages.RemoveServer{Server: serv(g.t, "a")}) }, false},
		{"a heartbeat drops the active server", func(g *rig) { g.heartbeat("b", "c") }, false},
		{"a round leaves the active server", func(g *rig) { g.probeOnly("b") }, false},
		{"a failover during a round", func(g *rig) {
			g.step(messages.RebalanceTick{})
			g.fail("a")
			g.probed("a", errTest)
			g.probed("b", nil)
		}, false},
	} {
		g := newRig(t, "a", "b", "c")
		tt.report(g)
		at := g.nextRound().Sub(g.now)
		if sooner := at < 16*time.Second; sooner != tt.sooner || !sooner && at < 179*time.Second {
			t.Errorf("%s: the next round comes after %v; brought forward: %t, want %t", tt.what, at, sooner, tt.sooner)
		}
	}
}

func TestWithoutAServerThatTakesOverThereIsNoFailover(t *testing.T) {
	g := newRig(t, "a")
	regular := g.nextRound()
	g.fail("a")
	g.noQuorum("a")
	g.noQuorum("a")
	if got := g.nextRound(); !got.Equal(regular) {
		t.Errorf("the round moved from %v to %v", regular, got)
	}
}

func TestTheSpreadIsDrawnAtTheFailover(t *testing.T) {
	var least, most time.Duration = time.Hour, 0
	for seed := range uint64(200) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "c")}, seeded(seed))
		active, _ := g.view.Active()
		g.fail(active.Addr)
		at := g.nextRound().Sub(g.now)
		least, most = min(least, at), max(most, at)
		before := g.r.schedule.forward.draw
		active, _ = g.view.Active()
		if g.fail(active.Addr); g.r.schedule.forward.draw == before {
			t.Fatalf("seed %d: the second failover draws nothing", seed)
		}
	}
	if least < 5*time.Second || least > 5500*time.Millisecond || most > 15*time.Second || most < 14500*time.Millisecond {
		t.Errorf("the rounds of 200 agents come %v to %v after the failover, want 5 s to 15 s", least, most)
	}
}

func TestInASmallFleetTheRegularRoundIsTheLatest(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.now = g.now.Add(170 * time.Second)
	if g.fail("a"); g.nextRound().Sub(epoch0).Round(time.Millisecond) != 180*time.Second {
		t.Errorf("after the failover the round is due at %s, want the regular time", clock(g.nextRound(), epoch0))
	}
}

// The servers of a large fleet have no room for a round in addition to the regular one.
func TestInALargeFleetAFailoverBringsNoRoundForward(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), NumNodes: 60_000, LeaderRPCAddr: "a"})
	regular := g.nextRound()
	if g.fail("a"); !g.nextRound().Equal(regular) {
		t.Errorf("after the failover the round is due at %s, want %s", clock(g.nextRound(), epoch0), clock(regular, epoch0))
	}
}

// Or the servers that a restarted one left its agents to would keep them for longer
// than those.
func TestARoundThatWasBroughtForwardMovesNoOther(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	regular := g.nextRound()
	g.fail("a")
	g.advance(15 * time.Second)
	if g.probed("a", nil); g.r.round.number != 1 || !g.nextRound().Equal(regular) {
		t.Errorf("after %d rounds the next one is due at %s, want %s", g.r.round.number, clock(g.nextRound(), epoch0), clock(regular, epoch0))
	}
}

func TestARestartedServerHasItsAgentsAgain(t *testing.T) {
	for seed := range uint64(300) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "c")}, seeded(seed))
		first, _ := g.view.Active()
		g.fail(first.Addr)
		g.now = g.r.Deadline()
		g.expire()
		probes := only[Probe](g.take())
		if len(probes) != 1 || g.now.After(epoch0.Add(15*time.Second)) {
			t.Fatalf("seed %d: no round within 15 s of the failover", seed)
		}
		g.probed(probes[0].Server.Addr, nil)
		if now, _ := g.view.Active(); now != first || g.view.Health(now) != messages.Alive {
			t.Fatalf("seed %d left %s and is at %s", seed, first, picture(g.view))
		}
	}
}
