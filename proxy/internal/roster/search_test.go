package roster

import (
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

func TestAServerThatAnswersEndsTheSearchThatARoundBegan(t *testing.T) {
	answers := map[string]func(*rig){
		"a call":                    func(g *rig) { g.step(messages.Recovered{Server: serv(g.t, "a"), Epoch: g.view.Epoch()}) },
		"a probe":                   func(g *rig) { g.probeOnly("b") },
		"a heartbeat with a leader": func(g *rig) { g.hears("c", "a") },
	}
	for what, answer := range answers {
		g := newRig(t, "a", "b", "c")
		g.probeOnly("elsewhere")
		if g.expect("*a! b! c!"); !g.r.wantsDiscovery() {
			t.Fatal("no server answers, and discovery does not run")
		}
		if answer(g); g.r.wantsDiscovery() {
			t.Errorf("%s has been answered, and servers are still looked for", what)
		}
	}
}

func TestARoundThatANewerAnswerOverrulesBeginsNoSearch(t *testing.T) {
	g := newRig(t, "a", "b")
	g.fail("a")
	g.expect("*b a!")
	g.step(messages.RebalanceTick{})
	g.probed("b", errTest)
	g.step(messages.Recovered{Server: serv(t, "a"), Epoch: g.view.Epoch()})
	g.probed("a", errTest)
	if g.expect("b! *a+"); g.r.wantsDiscovery() {
		t.Error("a call was answered during the round, and servers are looked for")
	}
}

func TestAnAnsweredCallDoesNotEndTheSearchForALeader(t *testing.T) {
	for what, begin := range map[string]func(*rig){
		"a heartbeat named none":     func(g *rig) { g.hears("a", "") },
		"no server is left with one": func(g *rig) { g.noQuorum("a"); g.noQuorum("b"); g.noQuorum("c") },
	} {
		g := newRig(t, "a", "b", "c")
		begin(g)
		g.step(messages.Recovered{Server: serv(t, "b"), Epoch: g.view.Epoch()})
		if g.probeOnly("b"); !g.r.wantsDiscovery() {
			t.Errorf("%s, and because a server answers discovery does not run", what)
		}
	}
}

func TestBadServersOfDiscoveryAreWarnedOfOnceInThreeHours(t *testing.T) {
	g := startRig(t, Config{}, ordered())
	bad, many := []string{"x y", "b:0"}, make([]string, 2*maxFound)
	for i := range many {
		many[i] = fmt.Sprintf("h%d", i)
	}
	warnings := func() (n int) {
		for _, found := range [][]messages.Found{found(bad...), found(many...)} {
			g.r.quorum.silent = true // it goes on looking
			g.advance(time.Minute)
			for _, l := range only[Log](g.step(messages.DiscoveryDone{Run: g.r.discovery.run, Found: found})) {
				if l.Level == Warn {
					n++
				}
			}
		}
		return n
	}
	if n := warnings(); n != 3 {
		t.Errorf("%d warnings, want one of each bad address and one of too many", n)
	}
	for range 5 {
		if n := warnings(); n != 0 {
			t.Errorf("%d warnings repeated", n)
		}
	}
	g.now = g.now.Add(quietTime)
	g.r.discovery.served = true // runs are as frequent as ever
	if n := warnings(); n != 3 {
		t.Errorf("%d warnings after three hours, want 3", n)
	}
}

func TestConfiguredServersComeBackTheMomentThatTheServerWhichTookOverDies(t *testing.T) {
	g := newRig(t, "a", "b")
	g.fail("a")
	g.fail("b")
	g.named("a", "a") // through a, which answers again
	if g.expect("*a+"); g.r.quorum.orphaned() {
		t.Error("a server answers, and the agent is an orphan")
	}
	g.fail("a")
	g.expect("a! *b^")
}

// Whatever shows that a server has answered since the start ends the short pauses.
func TestTheShortPausesOfTheStartAreOverOnceAServerHasAnswered(t *testing.T) {
	for what, answer := range map[string]func(*rig){
		"a call":                       func(g *rig) { g.step(messages.Recovered{Server: serv(g.t, "a"), Epoch: g.view.Epoch()}) },
		"a call, without a leader":     func(g *rig) { g.noQuorum("b") },
		"a probe":                      func(g *rig) { g.probeOnly("b") },
		"a heartbeat":                  func(g *rig) { g.hears("a", "a") },
		"a heartbeat without a leader": func(g *rig) { g.hears("a", "") },
		"a heartbeat of a stranger":    func(g *rig) { g.hears("stranger", "") },
	} {
		g := newRig(t, "a", "b")
		answer(g)
		g.fail("a")
		g.fail("b")
		runs := 0
		for range 60 {
			for range only[Discover](g.advance(time.Second)) {
				runs++
				g.step(messages.DiscoveryDone{Run: g.r.discovery.run, Err: errTest})
			}
		}
		if runs < 2 || runs > 4 {
			t.Errorf("%s: %d runs in a minute of an outage, want one in 15 to 18.75 s", what, runs)
		}
	}
}

// Agents that start in the same moment, while what they ask is down: none asks more
// than seven times in a minute, and only the first time all at once.
func TestAFleetThatStartsTogetherDoesNotAskTogether(t *testing.T) {
	const agents, bucket = 2000, 100 * time.Millisecond
	asked := map[time.Duration]int{}
	for i := range uint64(agents) {
		g := startRig(t, Config{}, seeded(i))
		runs := 1
		for g.now.Before(epoch0.Add(time.Minute)) {
			g.step(messages.DiscoveryDone{Run: g.r.discovery.run, Err: errTest})
			at := g.r.Deadline()
			for range only[Discover](g.advance(at.Sub(g.now))) {
				asked[g.now.Sub(epoch0)/bucket]++
				runs++
			}
		}
		if runs > 8 { // the last of them begins after the minute
			t.Fatalf("agent %d asked %d times in a minute", i, runs)
		}
	}
	for at, n := range asked {
		if at*bucket < time.Second || n > agents/4 {
			t.Errorf("%d of %d agents ask %v after the start", n, agents, at*bucket)
		}
	}
}

// Agents that start together while what they ask is down cannot know how many they are.
func TestRunsThatLeadToNoServerBecomeRarer(t *testing.T) {
	const agents, hours = 2000, 2
	runs := make([]int, hours*60)
	for i := range agents {
		rng := seeded(uint64(i))
		d := discovery{interval: 15 * time.Second, earliest: first}
		var before moment.Time
		for n := 1; ; n++ {
			now := d.earliest
			minute := int(now.Sub(first) / time.Minute)
			if minute >= len(runs) {
				break
			}
			runs[minute]++
			if past := now.Sub(first); n > 1 && now.Sub(before) > max(18750*time.Millisecond, min(past/7, 375*time.Second)) {
				t.Fatalf("a run %v after the one before, %v after the start", now.Sub(before), past)
			}
			if n == 4 && now.Sub(first) > 10500*time.Millisecond {
				t.Fatalf("the fourth run comes after %v", now.Sub(first))
			}
			before = now
			d.finish(d.begin(now, 0, rng))
			d.hurry(now, true, rng) // whether it failed or found nothing
		}
	}
	if runs[1] < 3*agents || runs[1] > 4*agents {
		t.Errorf("%d runs in the second minute, want an interval between those of an agent", runs[1])
	}
	for minute, n := range runs[60:] {
		if n > agents/4 { // of 100,000 agents some 400 a second
			t.Errorf("%d runs in minute %d", n, 60+minute)
		}
	}
}

func TestOnceAServerHasAnsweredRunsAreNotRarer(t *testing.T) {
	d := discovery{interval: 15 * time.Second, served: true, first: first, run: 7}
	d.begin(first.Add(24*time.Hour), 0, ordered())
	if pause := d.notBefore.Sub(first.Add(24 * time.Hour)); pause > 19*time.Second {
		t.Errorf("%v", pause)
	}
}
