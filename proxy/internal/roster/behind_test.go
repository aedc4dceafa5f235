package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// partial reports that a server answers probes and leaves calls unanswered.
func (g *rig) partial(addr string) []Effect {
	return g.step(messages.FailureNotice{Server: serv(g.t, addr), Err: errTest, Partial: true})
}

// roundOf begins a round in which the servers answer that are named, and every other
// one refuses; it ends with the first answer.
func (g *rig) roundOf(answer ...string) {
	g.t.Helper()
	asked := g.step(messages.RebalanceTick{})
	for len(asked) > 0 {
		probes := only[Probe](asked)
		asked = nil
		for _, p := range probes {
			err := errTest
			for _, a := range answer {
				if serv(g.t, a).Addr == p.Server.Addr {
					err = nil
				}
			}
			asked = append(asked, g.step(messages.ProbeDone{Round: p.Round, Server: p.Server, Err: err})...)
		}
	}
	if g.r.round.running {
		g.t.Fatal("the round goes on")
	}
}

// front is the active server.
func (g *rig) front() string {
	s, _ := g.view.Active()
	return short(s)
}

// It answers every probe, so each round that draws it would put it in front.
func TestAServerThatServesInPartDoesNotComeBackWithEveryRound(t *testing.T) {
	for seed := range uint64(20) {
		g := startRig(t, Config{Servers: servs(t, "a", "b", "c"), RPCMajorVersion: 1}, seeded(seed))
		bad := g.front()
		g.partial(bad)
		for end := g.now.Add(behindFirst); g.now.Before(end); g.now = g.now.Add(10 * time.Second) {
			g.roundOf("a", "b", "c")
			if g.front() == bad {
				t.Fatalf("seed %d: %s is in front again after %v", seed, bad, behindFirst-end.Sub(g.now))
			}
		}
		back := false
		for range 100 {
			g.roundOf("a", "b", "c")
			back = back || g.front() == bad
		}
		if !back {
			t.Errorf("seed %d: %s never gets its share again", seed, bad)
		}
	}
}

func TestEachSuchFailureKeepsItBehindForLonger(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	e := g.r.list.find(serv(t, "a").Addr)
	for i, want := range []time.Duration{5, 10, 20, 40, 60, 60} {
		g.partial("a")
		if e.length != want*time.Minute || !e.behind {
			t.Errorf("failure %d: behind for %v", i, e.length)
		}
		g.now = g.r.shared.clock.Time(e.until)
		g.roundOf("a", "b", "c")
		if e.behind {
			t.Errorf("failure %d: behind after its time", i)
		}
	}
	g.now = g.now.Add(behindMost)
	if g.partial("a"); e.length != behindFirst {
		t.Errorf("after an hour without one: behind for %v", e.length)
	}
}

func TestAServerThatServesInPartCarriesTheCallsWhenNoneElseAnswers(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.partial("a")
	if g.front() != "b" {
		t.Fatal(g.front())
	}
	g.roundOf("a")
	if g.front() != "a" {
		t.Fatalf("%s carries the calls", g.front())
	}
	g.roundOf("a", "b", "c")
	if g.front() == "a" {
		t.Fatal("it stays in front although another one answers")
	}
}

func TestAnyOtherFailureKeepsAServerBehindNoLongerThanItLasts(t *testing.T) {
	g := newRig(t, "a", "b", "c")
	g.fail("a")
	if e := g.r.list.find(serv(t, "a").Addr); e.behind {
		t.Error("behind")
	}
}

// The others may be further away than the stagger.
func TestAServerThatServesInPartDoesNotWinARoundByBeingTheFirstToAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		then func(g *rig)
		want string
	}{
		"another one answers":   {func(g *rig) { g.probed("c", nil) }, "c"},
		"all others refuse":     {func(g *rig) { g.probed("b", errTest); g.probed("c", errTest) }, "a"},
		"all others are silent": {func(g *rig) { g.advance(g.r.shared.cfg.ProbeTimeout) }, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, "a", "b", "c")
			g.partial("a")
			g.step(messages.RebalanceTick{})
			g.advance(2 * g.r.shared.cfg.ProbeStagger)
			g.probed("a", nil)
			if g.front() != "b" || !g.r.round.running {
				t.Fatalf("%s is in front before the others had their time", g.front())
			}
			c.then(g)
			if g.front() != c.want || g.r.round.running {
				t.Errorf("%s is in front, want %s", g.front(), c.want)
			}
		})
	}
}
