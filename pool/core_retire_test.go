package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// leaves are the ways in which a session leaves use while calls are on it.
var leaves = map[string]func(r *rig){
	"after a farewell": func(r *rig) {
		r.tell(messages.Leaving{Addr: addrA, Session: 1}, "publish", "shut 1: "+ErrLeaving.Error())
	},
	"after a rotation": func(r *rig) {
		r.core.last = 1
		r.tell(messages.Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
		r.tell(messages.Dialed{Addr: addrA, Session: 2}, "publish", "shut 1: "+ErrRenewed.Error()+", stays")
	},
}

// eachLeave runs a test on session 1, which has left use and carries calls.
func eachLeave(t *testing.T, test func(t *testing.T, r *rig)) {
	for name, leave := range leaves {
		t.Run(name, func(t *testing.T) {
			r := up(t, addrA)
			r.use[1] = usage{busy: true, heard: r.now}
			leave(r)
			test(t, r)
		})
	}
}

func TestARetiredSessionThatIsSilentEndsAsSoonAsAnyOther(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.now = r.now.Add(time.Second)
		r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
		r.tell(messages.Overdue{Addr: addrA, Session: 1}) // one ping at a time
		r.deadline(2 * time.Second)
		r.expire(2*time.Second, "cut 1")
		r.tell(messages.Disconnected{Addr: addrA, Session: 1, Err: ErrSilent})
		r.expire(drainTime)
	})
}

func TestASignOfLifeKeepsARetiredSession(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		for range 3 {
			r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
			r.use[1] = usage{busy: true, heard: r.now.Add(1)}
			r.expire(2 * time.Second)
		}
		r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
		r.tell(messages.Pinged{Addr: addrA, Session: 1})
		r.expire(2 * time.Second)
	})
}

func TestWhoLeavesARetiredSessionUnansweredIsAWitnessToo(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.tell(messages.Unanswered{Addr: addrA, Session: 1, Since: r.now})
		r.deadline(time.Second)
		r.expire(time.Second, "ping 1")
		r.expire(2*time.Second, "cut 1")
	})
}

func TestTheKeepaliveLooksAfterRetiredSessions(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.tell(messages.Keepalive{Interval: 20 * time.Second})
		r.expire(20*time.Second, "ping 1")
		r.expire(2*time.Second, "cut 1")
	})
}

func TestAnotherServersAnswerIsAboutRetiredSessionsToo(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.core.cfg.corroborate = true
		r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
		r.expire(2 * time.Second)
		r.tell(messages.Corroborated{Addr: addrB})
		r.tell(messages.Corroborated{Addr: addrA}, "cut 1")
	})
}

func TestTheStreamsOfARetiredSessionEndInTimeAndItsCallsInTheirOwn(t *testing.T) {
	eachLeave(t, func(t *testing.T, r *rig) {
		r.deadline(drainTime)
		r.expire(drainTime - 1)
		r.expire(1, "expel 1")
		r.use[2] = usage{busy: true, heard: r.now}
		r.expire(10 * idleTime) // nothing more is asked of it
		r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
		r.expire(2*time.Second, "cut 1")
	})
}

func TestAServerIsJudgedByTheSessionInUse(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	judged := func(want ...bool) {
		t.Helper()
		if got := []bool{!r.core.superseded(addrA, 1), !r.core.superseded(addrA, 2)}; !slices.Equal(got, want) {
			t.Fatalf("judged by 1 and 2: %v, want %v", got, want)
		}
	}
	judged(true, false)
	r.tell(messages.Leaving{Addr: addrA, Session: 1}, "publish", "shut 1: "+ErrLeaving.Error())
	judged(true, true) // by whatever is left
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 2")
	judged(true, true)
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "publish", "answer ann: <nil>")
	judged(false, true)
}
