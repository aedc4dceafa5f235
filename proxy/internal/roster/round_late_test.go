package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// lateRound is a round of a, which is served, b and c, whose a is silent and whose b is
// probed as late as told.
func lateRound(t *testing.T, late time.Duration) *rig {
	g := newRig(t, "a", "b", "c")
	g.heartbeat("a", "b", "c")
	g.expect("*a+ b c")
	g.step(messages.RebalanceTick{})
	g.now = epoch0.Add(late)
	g.expire()
	if probes := only[Probe](g.take()); len(probes) != 1 || short(probes[0].Server) != "b" {
		t.Fatalf("after %v of silence: %v", late, probes)
	}
	return g
}

// The agent is not run for a while, and then the round is over: nothing more is probed.
func TestARoundThatIsExpiredLateProbesNothing(t *testing.T) {
	g := lateRound(t, time.Second)
	g.probed("b", nil) // a has its turn until 1.5 s
	g.fail("b")
	g.now = epoch0.Add(3200 * time.Millisecond)
	g.expire()
	effects := g.take()
	if probes, ended := only[Probe](effects), only[EndRound](effects); len(probes) > 0 || len(ended) != 1 {
		t.Errorf("probed %v, ended %v", probes, ended)
	}
	g.expect("a! b! *c")
}

// The turn of b, which is silent, would last until 3.1 s, and the round ends at 3 s.
func TestAServerThatAnsweredIsAdoptedAtTheEndOfTheRound(t *testing.T) {
	g := lateRound(t, 1600*time.Millisecond)
	g.advance(250 * time.Millisecond) // c is probed
	g.probed("c", nil)
	g.expect("*a+ b c")
	g.now = epoch0.Add(3 * time.Second)
	g.expire()
	g.take()
	g.expect("*c+ a+ b")
}
