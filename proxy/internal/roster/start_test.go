package roster

import (
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestAgentsOfOneConfigurationBeginEvenlyOverItsServers(t *testing.T) {
	const agents, servers = 2000, 5
	for _, policy := range []Policy{Shuffle, Rendezvous} {
		load := map[string]int{}
		for i := range agents {
			cfg := Config{Servers: servs(t, pooled(servers)...), Policy: policy, NodeID: fmt.Sprintf("node-%d", i)}
			g := startRig(t, cfg, seeded(uint64(i)))
			active, _ := g.view.Active()
			load[active.Addr]++
			if policy == Rendezvous {
				g.step(messages.RebalanceTick{})
				if g.probed(active.Addr, nil); g.candidates()[0].server != active {
					t.Fatalf("node-%d starts with %s and is at home at %s", i, active, g.candidates()[0].server)
				}
			}
		}
		for addr, n := range load {
			if want := agents / servers; n < want*8/10 || n > want*12/10 {
				t.Errorf("%v: %d agents begin with %s, want about %d", policy, n, addr, want)
			}
		}
		if len(load) != servers {
			t.Errorf("%v: agents begin with %d servers, want %d", policy, len(load), servers)
		}
	}
}

func TestTheOrderGivenIsNotChangedForTheCaller(t *testing.T) {
	given := servs(t, pooled(9)...)
	startRig(t, Config{Servers: given}, seeded(1))
	for i, want := range servs(t, pooled(9)...) {
		if given[i] != want {
			t.Fatalf("the caller's list is shuffled: %v", given)
		}
	}
}

func TestAnOrphanGetsTheConfigurationBackInItsOwnOrder(t *testing.T) {
	firsts := map[string]int{}
	for seed := range uint64(60) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "b", "c")}, seeded(seed))
		start, _ := g.view.Active()
		g.step(messages.HeartbeatUpdate{Servers: infos("z"), LeaderRPCAddr: "z", TTL: time.Second, From: serv(t, "z")})
		g.expect("*z+")
		g.fail("z")
		g.advance(3 * time.Second)
		active, _ := g.view.Active()
		firsts[short(active)]++
		if active != start || g.view.Len() != 4 {
			t.Fatalf("seed %d began with %s and comes back to %s", seed, start, picture(g.view))
		}
	}
	for _, addr := range []string{"a", "b", "c"} {
		if firsts[addr] < 10 {
			t.Errorf("%d of 60 agents come back to %s", firsts[addr], addr)
		}
	}
}
