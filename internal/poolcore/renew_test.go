package poolcore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestARenewalThatFailsLeavesTheSessionAndIsTriedAgain(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(Secured{}, "dial "+addrA+" as 2")
	if r.core.current(addrA, 2) || !r.core.current(addrA, 1) {
		t.Fatal("a server is judged by a renewal while its session works")
	}
	r.tell(Dialed{Addr: addrA, Session: 2, Err: errors.New("refused")})
	if at := r.core.Deadline(); !at.Equal(r.now.Add(renewPause)) {
		t.Fatalf("looks again at %v, want in %v", at.Sub(r.now), renewPause)
	}
	r.expire(renewPause - 1)
	r.expire(1, "dial "+addrA+" as 3")
	r.expire(renewPause) // one at a time
	r.tell(Dialed{Addr: addrA, Session: 3}, "publish", "retire 1: "+ErrRenewed.Error())
}

func TestAnOldSessionIsTheServersWayUntilThatHasHadTimeToLearnOfTheNewOne(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	r.tell(Secured{}, "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "retire 1: "+ErrRenewed.Error())
	r.use[2] = Usage{Used: r.now}
	r.expire(0)
	r.expire(drainTime / 2)
	r.use[1] = Usage{Used: r.now} // its server has just called
	r.tell(Drained{Session: 1})
	r.expire(drainTime - 1)
	r.expire(1, "release 1")
}

func TestARenewedSessionThatWasLeftIsStillLeft(t *testing.T) {
	r := moved(t)
	r.core.last = 2
	r.core.Step(r.now, Secured{}) // in whichever order
	r.core.Take()
	for _, id := range []uint64{3, 4} {
		for _, l := range r.core.links {
			if l.renewal.session == id {
				r.core.Step(r.now, Dialed{Addr: l.addr, Session: id})
			}
		}
		r.use[id] = Usage{Used: r.now}
	}
	r.core.Take()
	r.sessions(3, 4)
	r.core.Expire(r.now.Add(drainTime))
	r.core.Take()
	if r.core.found(addrA) != nil || r.core.found(addrB) == nil {
		t.Fatalf("%v are found: the one that was left is kept, or the other is not", r.core.links)
	}
}

func TestASessionOnWithdrawnTrustEndsInTime(t *testing.T) {
	r := moved(t) // from 1, to A, to 2, to B
	r.core.last = 4
	busy := Usage{Busy: true, Used: r.now, Heard: r.now}
	r.use[1], r.use[2], r.use[3], r.use[5] = busy, busy, busy, busy
	r.tell(Dialed{Addr: addrA, Session: 3}, "retire 3: "+ErrIdle.Error()) // one more that is retired
	r.core.Step(r.now, Secured{})
	r.core.Step(r.now, r.distrust())
	r.core.Take()
	// One of the renewals comes up, the other one does not.
	old, renewal := r.core.links.find(addrB).session, r.core.links.find(addrB).renewal.session
	r.use[renewal] = busy
	r.tell(Dialed{Addr: addrB, Session: renewal}, "publish", fmt.Sprintf("retire %d: %v", old, ErrRenewed))
	r.now = r.now.Add(drainTime / 2)
	r.core.Step(r.now, Secured{}) // changes again: the first ones have no more time
	r.core.Step(r.now, r.distrust())
	r.core.Take()
	r.expire(drainTime/2 - 1)
	r.now = r.now.Add(1)
	r.core.Expire(r.now)
	var cuts []string
	for _, e := range r.core.Take() {
		if e, ok := e.(Cut); ok {
			cuts = append(cuts, fmt.Sprintf("%d: %v", e.Session, e.Cause))
		}
	}
	slices.Sort(cuts)
	want := []string{"1: " + ErrDrained.Error(), "2: " + ErrDrained.Error(), "3: " + ErrDrained.Error()}
	if !slices.Equal(cuts, want) {
		t.Fatalf("cut %q, want %q", cuts, want)
	}
	r.sessions(renewal)
}

// A session that is cut because its trust was withdrawn may have no successor yet: the
// server knows the agent by no other, so that the dial for it goes on.
func TestASessionThatIsCutForItsTrustHasASuccessor(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	r.tell(Secured{}, "dial "+addrA+" as 2")
	r.tell(r.distrust())
	r.expire(drainTime, "publish", "cut 1: "+ErrDrained.Error())
	r.tell(Disconnected{Addr: addrA, Session: 1, Err: ErrDrained})
	if !r.core.current(addrA, 2) {
		t.Error("the server is not judged by it")
	}
	r.tell(r.connect("ann", addrA, 0))
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "replaced "+addrA, "answer ann: <nil>")
	r.sessions(2)
}

func TestASessionThatIsCutForItsTrustIsNotDialedForAgainAndAgain(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	r.tell(Secured{}, "dial "+addrA+" as 2")
	r.tell(r.distrust())
	r.expire(drainTime, "publish", "cut 1: "+ErrDrained.Error())
	r.tell(Dialed{Addr: addrA, Session: 2, Err: errors.New("refused")})
	r.tell(Disconnected{Addr: addrA, Session: 1, Err: ErrDrained})
	r.expire(10 * drainTime)
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 3")
}

// One that calls do not find any more has left the others to do.
func TestARetiredSessionThatIsCutForItsTrustHasNoSuccessor(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	r.use[1] = Usage{Busy: true}
	r.tell(Leaving{Addr: addrA, Session: 1}, "publish", "retire 1: "+ErrLeaving.Error())
	r.tell(Secured{})
	r.tell(r.distrust())
	r.expire(drainTime, "cut 1: "+ErrDrained.Error())
}
