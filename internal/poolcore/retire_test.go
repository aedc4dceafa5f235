package poolcore

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// silent is the effect that ends a session whose server is.
func silent(session int) string {
	return fmt.Sprintf("cut %d: %v: no answer to a ping within 2s", session, ErrSilent)
}

// leaves are the ways in which a session leaves use while calls are on it.
var leaves = map[string]func(r *rig){
	"after a farewell": func(r *rig) {
		r.tell(Leaving{Addr: addrA, Session: 1}, "publish", "retire 1: "+ErrLeaving.Error())
	},
	"after a rotation": func(r *rig) {
		r.core.last = 1
		r.tell(Secured{}, "dial "+addrA+" as 2")
		r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "retire 1: "+ErrRenewed.Error())
	},
}

// eachLeave runs a test on session 1, which has left use and carries calls.
func eachLeave(t *testing.T, test func(t *testing.T, r *rig)) {
	for name, leave := range leaves {
		t.Run(name, func(t *testing.T) {
			r := up(t, addrA)
			r.use[1] = Usage{Busy: true, Heard: r.now}
			r.use[2] = Usage{Used: r.now.Add(24 * time.Hour)} // the one in its place
			leave(r)
			r.expire(0)
			test(t, r)
		})
	}
}

func TestARetiredSessionThatIsSilentEndsAsSoonAsAnyOther(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.now = r.now.Add(time.Second)
		r.tell(Overdue{Session: 1}, "ping 1")
		r.tell(Overdue{Session: 1}) // one ping at a time
		r.deadline(2 * time.Second)
		r.expire(2*time.Second, silent(1))
		r.tell(Disconnected{Addr: addrA, Session: 1, Err: ErrSilent})
		r.expire(drainTime)
	})
}

func TestASignOfLifeKeepsARetiredSession(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		for range 3 {
			r.tell(Overdue{Session: 1}, "ping 1")
			r.use[1] = Usage{Busy: true, Heard: r.now.Add(1)}
			r.expire(2 * time.Second)
		}
		r.tell(Overdue{Session: 1}, "ping 1")
		r.tell(Pinged{Session: 1})
		r.expire(2 * time.Second)
	})
}

func TestAnUnansweredCallOnARetiredSessionCountsToo(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.tell(Unanswered{Session: 1, Since: r.now, Silent: true})
		r.deadline(time.Second)
		r.expire(time.Second, "ping 1")
		r.expire(2*time.Second, silent(1))
	})
}

func TestTheKeepaliveLooksAfterRetiredSessions(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.tell(Keepalive{Interval: 20 * time.Second})
		r.expire(20*time.Second, "ping 1")
		r.expire(2*time.Second, silent(1))
	})
}

func TestAnotherServersAnswerIsAboutRetiredSessionsToo(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.core.cfg.Corroborate = true
		r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
		r.expire(2 * time.Second)
		r.tell(Corroborated{Addr: addrB})
		r.tell(Corroborated{Addr: addrA}, silent(1))
	})
}

// What is on a retired session, calls and streams of both sides, ends in its own time.
func TestARetiredSessionLivesForItsCallsAndStreams(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		for range 10 {
			r.expire(10 * idleTime)
		}
		r.tell(Overdue{Session: 1}, "ping 1")
		r.expire(2*time.Second, silent(1))
	})
}

func TestARetiredSessionEndsWithTheLastThingOnIt(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.expire(5 * drainTime)
		r.now = r.now.Add(time.Second)
		r.use[1] = Usage{Used: r.now.Add(-2 * drainTime)}
		r.tell(Drained{Session: 1})
		r.deadline(0)
		r.expire(0, "release 1")
		// Something has begun on it just then, and ends.
		r.tell(Drained{Session: 1})
		r.expire(0, "release 1")
		r.tell(Disconnected{Addr: addrA, Session: 1, Err: ErrIdle})
		r.tell(Drained{Session: 1})
	})
}

func TestASessionIsNotEndedWhileItsServerOpensStreams(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.expire(2 * drainTime)
		long := r.now.Add(-2 * drainTime)
		for range 3 { // each stream has ended, and yet
			r.now = r.now.Add(settle - 1)
			r.use[1] = Usage{Used: long, Accepted: r.now}
			r.tell(Drained{Session: 1})
			r.expire(0)
			r.deadline(settle)
		}
		r.expire(settle - 1)
		r.expire(1, "release 1")
	})
}

func TestAServerIsJudgedByTheSessionInUse(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	judged := func(want ...bool) {
		t.Helper()
		if got := []bool{!r.core.Superseded(addrA, 1), !r.core.Superseded(addrA, 2)}; !slices.Equal(got, want) {
			t.Fatalf("judged by 1 and 2: %v, want %v", got, want)
		}
	}
	judged(true, false)
	r.tell(Leaving{Addr: addrA, Session: 1}, "publish", "retire 1: "+ErrLeaving.Error())
	judged(true, true) // by whatever is left
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 2")
	judged(true, true)
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "answer ann: <nil>")
	judged(false, true)
}
