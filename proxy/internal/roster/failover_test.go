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
		want           time.Duration
	}{
		{"small cluster, shortest", 100, 5, 0, 5 * time.Second},
		{"small cluster, middle", 100, 5, 0.5, 10 * time.Second},
		{"small cluster, longest", 100, 5, 1, 15 * time.Second},
		{"10,000 clients, 5 servers: the scale counts for the later ones", 10_000, 5, 1, 31250 * time.Millisecond},
		{"and not for the first", 10_000, 5, 0.1, 6 * time.Second},
		{"100,000 clients, 5 servers, middle", 100_000, 5, 0.5, 156250 * time.Millisecond},
		{"100,000 clients, one server, longest", 100_000, 1, 1, 1562500 * time.Millisecond},
		{"no server", 100_000, 0, 1, 15 * time.Second},
		{"nonsense", math.MaxInt, 1, 1, 24 * time.Hour},
	} {
		if got := standard.spread(size{tt.nodes, tt.servers}, tt.draw); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.what, got, tt.want)
		}
	}
	if got := (Timing{Spread: 2 * time.Second, ConnsPerServerSecond: 1}).spread(size{10, 2}, 1); got != 6*time.Second {
		t.Errorf("with a spread of 2 s: %v, want 6 s", got)
	}
	if got := (Timing{Spread: time.Second, ConnsPerServerSecond: 1}).spread(size{10, 2}, 1); got != 5*time.Second {
		t.Errorf("with one connection a second: %v, want 5 s", got)
	}
}

func TestOnlyAFailoverBringsTheRoundForward(t *testing.T) {
	for _, tt := range []struct {
		what   string
		news   func(*rig)
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
		tt.news(g)
		at := g.r.nextRound().Sub(g.now)
		if sooner := at < 16*time.Second; sooner != tt.sooner || !sooner && at < 179*time.Second {
			t.Errorf("%s: the next round comes after %v; brought forward: %t, want %t", tt.what, at, sooner, tt.sooner)
		}
	}
}

func TestWhereNobodyTakesOverThereIsNoFailover(t *testing.T) {
	g := newRig(t, "a")
	regular := g.r.nextRound()
	g.fail("a")
	g.noQuorum("a")
	g.noQuorum("a")
	if got := g.r.nextRound(); !got.Equal(regular) {
		t.Errorf("the round moved from %v to %v", regular, got)
	}
}

func TestTheSpreadIsDrawnAtTheFailover(t *testing.T) {
	var least, most time.Duration = time.Hour, 0
	for seed := range uint64(200) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "c")}, seeded(seed))
		active, _ := g.view.Active()
		g.fail(active.Addr)
		at := g.r.nextRound().Sub(g.now)
		least, most = min(least, at), max(most, at)
		before := g.r.schedule.forward.last.draw
		active, _ = g.view.Active()
		if g.fail(active.Addr); g.r.schedule.forward.last.draw == before {
			t.Fatalf("seed %d: the second failover draws nothing", seed)
		}
	}
	if least < 5*time.Second || least > 5500*time.Millisecond || most > 15*time.Second || most < 14500*time.Millisecond {
		t.Errorf("the rounds of 200 agents come %v to %v after the failover, want 5 s to 15 s", least, most)
	}
}

func TestTheRegularRoundIsTheLatest(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	regular := g.r.nextRound()
	for range 40 { // 200 s of failovers, each before the round that the last one wanted
		if g.now = g.now.Add(5 * time.Second); !g.now.Before(regular) {
			break
		}
		active, _ := g.view.Active()
		g.fail(active.Addr)
		if want := earlier(g.now.Add(15*time.Second), regular); g.r.nextRound().Sub(want).Abs() > time.Millisecond {
			t.Fatalf("after the failover at %s the round is due at %s, want %s",
				clock(g.now, epoch0), clock(g.r.nextRound(), epoch0), clock(want, epoch0))
		}
	}
	if g.now.Before(regular) {
		t.Error("the regular round never came")
	}
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b", "c"), NumNodes: 10_000_000, LeaderRPCAddr: "a"})
	g.fail("a")
	if got, want := g.r.nextRound(), g.r.schedule.last.Add(24*time.Hour); got.After(want) {
		t.Errorf("in a huge fleet the round is due at %v, after %v", got, want)
	}
}

func TestARestartedServerIsProbedAndUsedAgain(t *testing.T) {
	back := 0
	const agents = 300
	for seed := range uint64(agents) {
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
		if now, _ := g.view.Active(); now == first {
			back++
			if g.view.Health(now) != messages.Alive {
				t.Fatalf("seed %d: %s", seed, picture(g.view))
			}
		}
	}
	if want := agents / 3; back < want*7/10 || back > want*13/10 {
		t.Errorf("%d of %d agents are back at the server they had left, want about %d", back, agents, want)
	}
}
