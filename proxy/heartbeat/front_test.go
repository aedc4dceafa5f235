package heartbeat

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// ranks shows the view in which a and b have failed so often, and h is the health of a.
// The active server is given by its place.
func (r *rig) ranks(active int, h messages.Health, failuresOfA, failuresOfB uint64) {
	r.c.observe(r.now, observationOf(messages.NewView(1, []messages.Ranked{
		{Server: a, Health: h, Failures: failuresOfA}, {Server: b, Health: messages.Alive, Failures: failuresOfB},
	}, active, 3, "")))
}

// A server fails and is alive again before anybody looks: a watcher sees the last view only.
// The session that it knew the node by is gone all the same.
func TestAFailureBetweenTwoViewsLeadsToOneHeartbeat(t *testing.T) {
	r := newRig(t)
	r.ranks(0, messages.Alive, 0, 0)
	r.ready(300 * time.Second)
	for n := range uint64(3) {
		none := func(when string) {
			t.Helper()
			if at, _ := r.c.next(); at.Sub(r.now) < 4*time.Minute {
				t.Fatalf("%s: a heartbeat after %v", when, at.Sub(r.now))
			}
		}
		none("nothing has failed")
		r.ranks(0, messages.Alive, n, n+1)
		none("another server has failed")
		r.ranks(0, messages.Alive, n+1, n+1)
		r.call(beat, 0, 5*time.Second)
		r.ranks(0, messages.Alive, n+1, n+1) // and again, while the call is under way
		r.reply(0, 300*time.Second, a)
		none("the server has heard of the node")
		r.ranks(0, messages.Alive, n+1, n+1)
		none("nothing new has failed")
	}
}

// While it is down, or where the heartbeat fails, the session stays to be made known.
func TestAFailureThatWasSeenCountsUntilAHeartbeatLands(t *testing.T) {
	r := newRig(t)
	r.ranks(0, messages.Alive, 0, 0)
	r.ready(300 * time.Second)
	r.ranks(0, messages.Failed, 1, 0)
	if at, _ := r.c.next(); at.Sub(r.now) < 4*time.Minute {
		t.Fatalf("a heartbeat to a server that failed, after %v", at.Sub(r.now))
	}
	r.ranks(0, messages.Alive, 1, 0)
	r.call(beat, 0, 5*time.Second)
	r.fail(time.Second, unreachable)
	r.ranks(0, messages.Alive, 2, 0)
	r.call(beat, 0, 10*time.Second)
	r.reply(0, 300*time.Second, a)
	if at, _ := r.c.next(); at.Sub(r.now) < 4*time.Minute {
		t.Errorf("a further heartbeat after %v", at.Sub(r.now))
	}
}

func TestTheFailuresOfTheServerThatAnsweredCount(t *testing.T) {
	r := newRig(t)
	r.ranks(0, messages.Alive, 0, 5)
	r.ready(300 * time.Second)
	r.ranks(1, messages.Failed, 1, 5)
	r.call(beat, 0, 5*time.Second)
	r.reply(0, 300*time.Second, b)
	r.ranks(1, messages.Failed, 1, 5)
	r.ranks(1, messages.Alive, 2, 5)
	if at, _ := r.c.next(); at.Sub(r.now) < 4*time.Minute {
		t.Errorf("a further heartbeat after %v, although the server that answers has not failed", at.Sub(r.now))
	}
	r.ranks(1, messages.Alive, 2, 6)
	r.call(beat, 0, 5*time.Second)
}
