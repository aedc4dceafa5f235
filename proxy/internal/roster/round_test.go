package roster

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// waitingRound is a round in which a, which carries calls, is silent, and b has answered
// and failed since: when the time of a is over, b is not adopted.
func waitingRound(t *testing.T) *rig {
	g := newRig(t, "a", "b", "c", "d", "e")
	g.step(messages.Recovered{Server: serv(t, "a"), Epoch: g.view.Epoch()})
	g.step(messages.RebalanceTick{})
	g.advance(250 * time.Millisecond)
	g.probed("b", nil)
	g.fail("b")
	return g
}

func TestARoundThatIsExpiredLateProbesNoOther(t *testing.T) {
	g := waitingRound(t)
	g.now = g.now.Add(time.Minute) // the machine was asleep
	g.r.Expire(g.now)
	if effects := g.take(); len(only[Probe](effects)) > 0 || g.r.round.running || !g.r.Deadline().After(g.now) {
		t.Errorf("after its limit: %v; running %v", only[Probe](effects), g.r.round.running)
	}
}

func TestAServerThatAnsweredIsAdoptedAtTheLimit(t *testing.T) {
	g := waitingRound(t)
	g.advance(1250 * time.Millisecond) // the time of a is over: c is probed
	g.advance(100 * time.Millisecond)
	g.probed("c", errTest)            // d is probed; its time would end behind the round's
	g.advance(250 * time.Millisecond) // e too
	g.probed("e", nil)
	if !g.r.round.running {
		t.Fatal("the round is over, and d had no time")
	}
	g.advance(g.r.round.limit.Sub(g.r.shared.clock.Of(g.now)))
	active, _ := g.view.Active()
	if g.r.round.running || active != serv(t, "e") || g.view.Health(active) != messages.Alive {
		t.Errorf("at the limit: %s; running %v", picture(g.view), g.r.round.running)
	}
}
