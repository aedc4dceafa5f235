package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// corroborators suspects a server and returns the servers that are asked about it.
func (g *rig) corroborators(addr string) (asked []string) {
	g.t.Helper()
	looks := only[Corroborate](g.step(messages.Suspected{Addr: serv(g.t, addr).Addr}))
	if len(looks) != 1 {
		g.t.Fatalf("%d looks, want 1", len(looks))
	}
	for _, s := range looks[0].Others {
		asked = append(asked, short(s))
	}
	return asked
}

func TestSilentCorroboratorsDoNotKeepTheOthersFromBeingAsked(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5, 7, 40} {
		g := newRig(t, pooled(n)...)
		for _, s := range pooled(n)[n/2+1:] { // failed, and back meanwhile
			g.fail(s)
		}
		front := pooled(n)[0]
		for row := range 3 {
			asked := map[string]bool{}
			for range (n - 1 + corroborators - 1) / corroborators {
				for _, s := range g.corroborators(front) {
					asked[s] = true
				}
				g.now = g.now.Add(2 * time.Second)
			}
			if len(asked) != n-1 {
				t.Errorf("%d servers, row %d: %d were asked, want all but the silent one", n, row, len(asked))
			}
		}
	}
}

func TestACorroboratorThatHasAnsweredIsAskedAgain(t *testing.T) {
	answers := map[string]func(*rig){
		"a call":                          func(g *rig) { g.step(messages.Recovered{Server: serv(g.t, "c"), Epoch: g.view.Epoch()}) },
		"a probe":                         func(g *rig) { g.probeOnly("c") },
		"a heartbeat with a leader":       func(g *rig) { g.hears("c", "a") },
		"a heartbeat without":             func(g *rig) { g.hears("c", "") },
		"a call, that it knows no leader": func(g *rig) { g.noQuorum("c") },
	}
	for what, answer := range answers {
		for _, before := range []string{"unknown", "alive", "leaderless"} {
			g := newRig(t, "a", "b", "c")
			switch before {
			case "alive":
				g.step(messages.Recovered{Server: serv(g.t, "c")})
			case "leaderless":
				g.noQuorum("c")
			}
			g.r.list.find("c:4647").blotted().lastAskedLook = g.r.seldom().suspicion.look(g.r.shared.clock.Of(g.now))
			answer(g)
			if lastAskedLook := g.r.list.find("c:4647").look(); lastAskedLook != 0 {
				t.Errorf("%s of a server that was %s: its answer is still awaited", what, before)
			}
		}
	}
}

func TestCallsOnTheirWayToAServerThatHasLeftFindACorroborator(t *testing.T) {
	g := newRig(t, "a", "b")
	g.step(messages.RemoveServer{Server: serv(t, "a")})
	if asked := g.corroborators("a"); len(asked) != 1 || asked[0] != "b" {
		t.Errorf("%q are asked, want b", asked)
	}
	g.step(messages.RemoveServer{Server: serv(t, "b")})
	if looks := only[Corroborate](g.step(messages.Suspected{Addr: serv(t, "a").Addr})); len(looks) != 0 {
		t.Errorf("%v, where no server is left", looks)
	}
}
