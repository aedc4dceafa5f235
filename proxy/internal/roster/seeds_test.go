package roster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// set sends servers to be set by hand and wants them taken.
func (g *rig) set(addrs ...string) {
	g.t.Helper()
	if err := ask(g, func(r actor.Reply[error]) messages.Message { return messages.SetServers{Addrs: addrs, Reply: r} }); err != nil {
		g.t.Fatal(err)
	}
}

func TestTheSeedsThatAreAddedOneByOneAreBounded(t *testing.T) {
	g := newRig(t, "a")
	for i := range 3 * maxAdded {
		g.step(messages.AddPrimary{Addr: fmt.Sprintf("s%03d", i)})
		g.step(messages.AddPrimary{Addr: "often"})
	}
	g.heartbeat("a")
	g.expect("*a+")
	g.fail("a")
	if g.view.Len() != 2+maxAdded-1 || !g.view.Contains(serv(t, "s191")) || g.view.Contains(serv(t, "s000")) {
		t.Fatalf("%d servers: %s", g.view.Len(), picture(g.view))
	}
	if len(g.r.seeds) != 1+maxAdded || g.r.seeds[0].server.Addr != "a:4647" {
		t.Fatalf("%d seeds, the first is %s", len(g.r.seeds), g.r.seeds[0].server)
	}
}

func TestServersThatAreSetAreAgainTheSeedsAfterBeingRemovedByHand(t *testing.T) {
	g := newRig(t, "a")
	g.set("b", "c")
	g.step(messages.RemoveServer{Server: serv(t, "b")})
	g.set("b", "c")
	g.named("z", "z")
	g.fail("z")
	g.expect("z! *c^ b^")
}

func TestAnAgentWithAFleetIndexThatFailedOverTakesItsPlaceAmongTheServersThatAreSet(t *testing.T) {
	g := startRig(t, Config{Servers: servs(t, "a", "b"), FleetIndex: 3}, ordered())
	g.fail("a")
	g.advance(16 * time.Second)
	g.probed("b", nil)
	g.probed("a", nil)
	far := g.nextRound()
	g.set("a", "b", "c")
	if at := g.nextRound(); !at.Before(far) || !g.r.schedule.homeward {
		t.Errorf("the next round is at %s, it was at %s before a server joined", clock(at, epoch0), clock(far, epoch0))
	}
}

func TestACallerThatWaitsForARoundIsKnownUntilItsAnswerIsDelivered(t *testing.T) {
	g := newRig(t, "a", "b")
	if n := len(g.r.Waiting()); n != 0 {
		t.Fatalf("%d wait", n)
	}
	for range 3 {
		g.step(messages.RebalanceTick{Reply: actor.NewReply[messages.RebalanceResult]()})
	}
	if n := len(g.r.Waiting()); n != 3 {
		t.Fatalf("%d wait during the round, want 3", n)
	}
	g.r.Step(g.now, messages.ProbeDone{Round: 1, Server: serv(t, "a")})
	if n := len(g.r.Waiting()); n != 3 {
		t.Fatalf("%d wait before the effects are taken, want 3", n)
	}
	g.take()
	if n := len(g.r.Waiting()); n != 3 {
		t.Fatalf("%d wait before the effects are done, want 3", n)
	}
	g.step(messages.Suspected{Addr: "a:4647"})
	if n := len(g.r.Waiting()); n != 0 {
		t.Fatalf("%d wait after the next step", n)
	}
}

func TestTheReasonWhyNoServerAnswersIsShort(t *testing.T) {
	g := newRig(t, pooled(20)...)
	var lost Log
	for i := range 20 {
		var why error
		if i%2 == 0 {
			why = errors.New(strings.Repeat("x", 1000))
		}
		for _, l := range only[Log](g.step(messages.FailureNotice{Server: serv(t, fmt.Sprintf("s%03d", i)), Err: why})) {
			if strings.HasPrefix(l.Message, "lost") {
				lost = l
			}
		}
	}
	all, ok := errors.AsType[*FailuresError](lost.Err)
	if !ok || len(all.Failures) != 20 || len(all.Unwrap()) != 10 {
		t.Fatalf("%v", lost.Err)
	}
	text := all.Error()
	if len(text) > 1100 || !strings.Contains(text, "s000:4647: xxx") || !strings.Contains(text, "s001:4647: no answer") || !strings.HasSuffix(text, "; and 12 more") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	if got := all.Text(func(error) string { return "brief" }); !strings.HasPrefix(got, "s000:4647: brief; s001:4647: no answer; ") {
		t.Errorf("%s", got)
	}
}

func TestSeedsThatWereReplacedNeverComeBack(t *testing.T) {
	for name, remembered := range map[string][]string{"no file": nil, "a file with them": {"a", "b"}, "a file with others": {"x", "a"}} {
		t.Run(name, func(t *testing.T) {
			g := startRig(t, Config{Servers: servs(t, "a", "b"), Remembered: servs(t, remembered...)}, ordered())
			g.step(messages.AddPrimary{Addr: "added"})
			g.set("c", "d")
			gone := func(when string) {
				t.Helper()
				for _, addr := range append([]string{"a", "b", "added"}, remembered...) {
					if g.view.Contains(serv(t, addr)) {
						t.Errorf("%s: %s", when, picture(g.view))
					}
				}
			}
			gone("at once")
			g.fail("c")
			g.fail("d")
			gone("when none answers")
			g.named("z", "z")
			gone("after a heartbeat")
			g.fail("z")
			gone("when all fail")
			if !g.view.Contains(serv(t, "c")) || !g.view.Contains(serv(t, "d")) {
				t.Errorf("the new seeds are not there: %s", picture(g.view))
			}
			g.advance(time.Hour)
			g.step(messages.HeartbeatUpdate{Servers: infos("z"), TTL: time.Second, From: serv(t, "z")})
			g.advance(time.Minute)
			gone("as an orphan")
			if !g.r.quorum.orphaned() {
				t.Error("it is no orphan: the test shows nothing")
			}
		})
	}
}

func TestABackupSetByHandStaysWhenItIsNoSeedAnyMore(t *testing.T) {
	g := startRig(t, Config{Servers: servs(t, "a"), Remembered: servs(t, "b")}, ordered())
	if err := ask(g, func(r actor.Reply[error]) messages.Message { return messages.AddBackup{Addrs: []string{"a"}, Reply: r} }); err != nil {
		t.Fatal(err)
	}
	g.set("c")
	g.expect("*c | a")
}
