package roster

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// pooled is n addresses.
func pooled(n int) []string {
	addrs := make([]string, 0, n)
	for i := range n {
		addrs = append(addrs, fmt.Sprintf("s%03d", i))
	}
	return addrs
}

func TestTheIntervalFollowsTheSizeOfTheCluster(t *testing.T) {
	standard := Config{}.withDefaults().Rebalance
	tests := []struct {
		what     string
		nodes    int
		servers  int
		draws    draws
		want     time.Duration
		accuracy time.Duration
	}{
		{what: "small cluster, shortest", nodes: 10_000, servers: 5, want: 120 * time.Second},
		{what: "small cluster, longest", nodes: 10_000, servers: 5, draws: draws{1, 1}, want: 180 * time.Second},
		{what: "the cap begins to bite: the mean of both parts meets", nodes: 48_000, servers: 5, draws: draws{0.5, 0}, want: 150 * time.Second},
		{what: "just below, the reuse counts", nodes: 47_000, servers: 5, draws: draws{0.5, 0}, want: 150 * time.Second},
		{what: "just above, the scale counts", nodes: 49_000, servers: 5, draws: draws{0.5, 0}, want: 153 * time.Second, accuracy: time.Second},
		{what: "100,000 clients, 5 servers", nodes: 100_000, servers: 5, want: 5 * time.Minute, accuracy: 15 * time.Second},
		{what: "the one server of a minority", nodes: 99_995, servers: 1, want: 26 * time.Minute, accuracy: 5 * time.Second},
		{what: "its jitter is a thirty-second", nodes: 99_995, servers: 1, draws: draws{0, 1}, want: 26*time.Minute + 49*time.Second, accuracy: 5 * time.Second},
		{what: "10,000 clients on one server", nodes: 10_000, servers: 1, want: 156250 * time.Millisecond},
		{what: "no server, shortest", nodes: 100_000, servers: 0, want: 120 * time.Second},
		{what: "no server, longest", nodes: 100_000, servers: 0, draws: draws{1, 1}, want: 180 * time.Second},
		{what: "no node", nodes: 0, servers: 3, want: 120 * time.Second},
		{what: "nonsense", nodes: math.MaxInt, servers: 1, draws: draws{1, 1}, want: 24 * time.Hour},
	}
	for _, tt := range tests {
		got := standard.interval(size{tt.nodes, tt.servers}, tt.draws)
		if diff := (got - tt.want).Abs(); diff > tt.accuracy {
			t.Errorf("%s: %v, want %v", tt.what, got, tt.want)
		}
	}
}

func TestAChangedSizeMovesTheDeadlineWithoutADraw(t *testing.T) {
	g := startRig(t, Config{Servers: servs(t, "a", "b")}, seeded(1))
	kept, first := g.r.schedule, g.r.Deadline()
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b"), NumNodes: 100_000, LeaderRPCAddr: "a"})
	if !g.r.Deadline().After(first) {
		t.Error("more nodes did not put the round off")
	}
	g.step(messages.HeartbeatUpdate{Servers: infos("a", "b"), NumNodes: 10, LeaderRPCAddr: "a"})
	if !g.r.Deadline().Equal(first) || g.r.schedule != kept {
		t.Errorf("back at the old size the round is due at %v, want %v again", g.r.Deadline(), first)
	}
}

func TestUnsetNumbersGetTheirDefaults(t *testing.T) {
	for _, cfg := range []Config{{}, {ProbeTimeout: -1, ProbeStagger: -1, DiscoverInterval: -1, Rebalance: Timing{-1, -1, -1}}} {
		got := cfg.withDefaults()
		if got.ProbeTimeout != 3*time.Second || got.ProbeStagger != 250*time.Millisecond ||
			got.DiscoverInterval != 15*time.Second || got.Rebalance != (Timing{120 * time.Second, 64, 5 * time.Second}) {
			t.Errorf("the defaults are %+v", got)
		}
	}
	set := Config{ProbeTimeout: 1, ProbeStagger: 2, DiscoverInterval: 3, Rebalance: Timing{4, 5, 6}}
	got := set.withDefaults()
	if got.ProbeTimeout != 1 || got.ProbeStagger != 2 || got.DiscoverInterval != 3 || got.Rebalance != (Timing{4, 5, 6}) {
		t.Errorf("what was set became %+v", got)
	}
}

func TestRendezvousMovesOnlyAShareOfTheClients(t *testing.T) {
	const clients, servers = 4000, 5
	first := func(node string, n int) string {
		class := make([]*entry, 0, n)
		for _, s := range servs(t, pooled(n)...) {
			class = append(class, entryOf(s))
		}
		Rendezvous.arrange(class, node, nil)
		return class[0].server.Addr
	}
	moved := 0
	load := map[string]int{}
	for i := range clients {
		node := fmt.Sprintf("node-%d", i)
		before, after := first(node, servers), first(node, servers+1)
		load[before]++
		if before != after {
			moved++
			if !strings.HasPrefix(after, "s005") {
				t.Fatalf("%s moved from %s to %s, which was there before", node, before, after)
			}
		}
	}
	if want := clients / (servers + 1); moved < want*8/10 || moved > want*12/10 {
		t.Errorf("one more server moved %d clients, want about %d", moved, want)
	}
	for addr, n := range load {
		if want := clients / servers; n < want*8/10 || n > want*12/10 {
			t.Errorf("%s has %d clients, want about %d", addr, n, want)
		}
	}
}

func TestTheOwnDatacenterGoesFirstWhateverTheSeed(t *testing.T) {
	for seed := range uint64(20) {
		g := startRig(t, Config{Datacenter: "dc1", PreferDatacenter: true}, seeded(seed))
		g.step(messages.HeartbeatUpdate{LeaderRPCAddr: "a", Servers: []messages.ServerInfo{
			{RPCAdvertiseAddr: "a", Datacenter: "dc2"},
			{RPCAdvertiseAddr: "b", Datacenter: "dc1"},
			{RPCAdvertiseAddr: "c", Datacenter: "dc2"},
			{RPCAdvertiseAddr: "d", Datacenter: "dc1"},
		}})
		g.step(messages.RebalanceTick{})
		var near []string
		for _, c := range g.r.round.candidates[:2] {
			near = append(near, short(c.server))
		}
		if slices.Sort(near); !slices.Equal(near, []string{"b", "d"}) {
			t.Fatalf("seed %d begins with %q, want b and d", seed, near)
		}
	}
}

func TestTheThrottleIsBounded(t *testing.T) {
	var th throttle
	for i := range maxWarnings {
		if !th.allow(first, warning{"bad", fmt.Sprint(i)}) {
			t.Fatalf("warning %d was suppressed", i)
		}
	}
	if th.allow(first, warning{"bad", "one more"}) || len(th.until) != maxWarnings {
		t.Errorf("%d warnings are remembered, want %d at most", len(th.until), maxWarnings)
	}
	if !th.allow(first.Add(quietTime), warning{"bad", "one more"}) || len(th.until) != 1 {
		t.Error("old warnings did not make room")
	}
}

func TestADoubleStartOrNoneMakesNoDifference(t *testing.T) {
	g := newRig(t, "a")
	g.r.Start(g.now)
	if effects := g.take(); len(effects) > 0 {
		t.Errorf("the second start had effects: %v", effects)
	}
	r := New(Config{Servers: servs(t, "a")}, ordered())
	if !r.Deadline().IsZero() {
		t.Error("there is a deadline before the start")
	}
	r.Step(epoch0, messages.Recovered{Server: serv(t, "b")})
	if len(only[Publish](r.Take())) != 1 || !r.Deadline().Equal(g.r.Deadline()) {
		t.Error("a first step did not start the roster")
	}
}

func TestASuspicionBeforeTheStartIsOfTheFirstEpoch(t *testing.T) {
	r := New(Config{Servers: servs(t, "a", "b")}, ordered())
	r.Step(epoch0, messages.Suspected{Addr: serv(t, "a").Addr})
	if asked := only[Corroborate](r.Take()); len(asked) != 1 || asked[0].Epoch != 1 {
		t.Errorf("asked %v, want one corroborator of epoch 1", asked)
	}
}

func TestEffectsOfStepsNotTakenAddUp(t *testing.T) {
	g := newRig(t, "a", "b")
	g.r.Step(g.now, messages.FailureNotice{Server: serv(t, "a")})
	g.r.Step(g.now, messages.FailureNotice{Server: serv(t, "b")})
	if n := len(only[Publish](g.r.Take())); n != 2 {
		t.Errorf("took %d views, want both", n)
	}
	if left := g.r.Take(); len(left) > 0 {
		t.Errorf("taken twice: %v", left)
	}
}

func TestAnAnswerOverruledSinceItsProbeBeganCountsAsNone(t *testing.T) {
	g := newRig(t, "a", "b")
	g.step(messages.RebalanceTick{})
	g.fail("a")
	if next := only[Probe](g.probed("a", nil)); len(next) != 1 || short(next[0].Server) != "b" {
		t.Fatalf("after the overruled answer %v is probed, want b", next)
	}
	g.probed("b", nil)
	g.expect("*b+ a!")

	g.step(messages.RebalanceTick{}) // b first
	g.probed("b", errTest)
	g.step(messages.Recovered{Server: serv(t, "b"), Epoch: g.view.Epoch()})
	g.step(messages.FailureNotice{Server: serv(t, "b"), Epoch: g.view.Epoch()})
	g.step(messages.Recovered{Server: serv(t, "b"), Epoch: g.view.Epoch()})
	g.probed("a", nil)
	if got := g.view.Health(serv(t, "b")); got != messages.Alive {
		t.Errorf("b is %v: its probe's failure is older than its recovery", got)
	}
}

func TestAnUnchangedHeartbeatAllocatesNothing(t *testing.T) {
	for _, n := range []int{5, 100} {
		for _, from := range []messages.Server{{}, serv(t, pooled(n)[n-1])} {
			for _, leader := range []string{"a", ""} {
				g := newRig(t, "a")
				var m messages.Message = messages.HeartbeatUpdate{
					Servers: infos(pooled(n)...), NumNodes: 5, LeaderRPCAddr: leader, TTL: 15 * time.Second, From: from,
				}
				for range n + 1 { // without a leader each makes another active
					g.step(m)
				}
				effects := 0
				allocs := testing.AllocsPerRun(100, func() {
					g.r.Step(g.now, m)
					effects += len(g.r.Take())
				})
				if allocs != 0 || effects != 0 {
					t.Errorf("%d servers, leader %q, from %q: %v allocations and %d effects, want none", n, leader, from, allocs, effects)
				}
			}
		}
	}
}

func TestAServerProbedInTheStepThatAddsItCanBeFoundDown(t *testing.T) {
	g := newRig(t, "a")
	g.step(messages.HeartbeatUpdate{Servers: infos("c"), LeaderRPCAddr: "c", TTL: 10 * time.Second, From: serv(t, "c")})
	g.step(messages.RemoveServer{Server: serv(t, "c")})
	g.now = g.now.Add(time.Hour)
	g.r.Expire(g.now) // late: the quorum expires and a round begins
	if probes := only[Probe](g.take()); len(probes) != 1 || short(probes[0].Server) != "a" {
		t.Fatalf("probed %v, want a, which has just come back", probes)
	}
	g.probed("a", errTest)
	g.expect("*a!")
}

func TestARefusedServerIsAnsweredWithTheReason(t *testing.T) {
	err := &VersionError{Addr: "a:4647", Version: 2, Supported: 1}
	want := `server "a:4647" speaks RPC version 2, newer than the agent's 1: upgrade the agent`
	if err.Error() != want {
		t.Errorf("the error reads %q, want %q", err, want)
	}
}

func TestOneHeartbeatNamesABoundedNumberOfServers(t *testing.T) {
	g := newRig(t, "h0")
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("h%d", i)
	}
	effects := g.heartbeat(many...)
	if n := g.view.Len(); n != maxNamed {
		t.Errorf("%d servers, want %d", n, maxNamed)
	}
	if logs := only[Log](effects); len(logs) != 1 || logs[0].Level != Warn {
		t.Errorf("%+v, want one warning", logs)
	}
	if logs := only[Log](g.heartbeat(many...)); len(logs) != 0 {
		t.Errorf("the second time: %+v", logs)
	}
}

func TestOneDiscoveryRunAddsABoundedNumberOfServers(t *testing.T) {
	g := startRig(t, Config{}, ordered())
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("h%d", i)
	}
	effects := g.step(messages.DiscoveryDone{Run: 1, Found: found(many...)})
	if n := g.view.Len(); n != maxFound {
		t.Errorf("%d servers, want %d", n, maxFound)
	}
	if logs := only[Log](effects); logs[0].Level != Warn || logs[0].Message != "discovery found too many servers: the first are taken" {
		t.Errorf("%+v", logs[0])
	}
}
