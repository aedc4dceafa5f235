package pool

import (
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// moved is a rig that was at A, on session 1, and is at B, on session 2.
func moved(t *testing.T) *rig {
	r := up(t, addrA, addrB)
	r.tell(messages.Retain{Addr: addrA})
	r.tell(messages.Retain{Addr: addrB}, "publish", "shut 1: "+ErrMoved.Error()+", stays")
	r.sessions(2)
	return r
}

func TestAMoveDrainsTheSessionOfTheFormerServer(t *testing.T) {
	r := moved(t)
	r.deadline(drainTime)
	r.tell(r.connect("ann", addrA, 1), "dial "+addrA+" as 3") // who calls it again
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "answer ann: <nil>")
	r.sessions(2, 3)
	r.expire(drainTime - 1)
	r.expire(1, "expel 1")
	r.tell(messages.Disconnected{Addr: addrA, Session: 1, Err: ErrMoved})
	r.sessions(2, 3)
}

func TestOnlyTheFormerServersSessionIsDrained(t *testing.T) {
	const addrC = "10.0.0.3:4647"
	r := up(t, addrA, addrB, addrC)
	r.tell(messages.Retain{Addr: addrA})
	r.tell(messages.Retain{Addr: addrA}) // the same
	r.tell(messages.Retain{})            // none: there is nothing to move to
	r.sessions(1, 2, 3)
	r.tell(messages.Retain{Addr: addrC}, "publish", "shut 1: "+ErrMoved.Error()+", stays")
	r.sessions(2, 3) // 2 was dialed for a probe
}

func TestAMoveFromAServerWithoutASessionDrainsNothing(t *testing.T) {
	r := newRig(t)
	r.tell(messages.Retain{Addr: addrA})
	r.tell(messages.Retain{Addr: addrB})
	r.tell(r.connect("ann", addrB, 0), "dial "+addrB+" as 1")
	r.tell(messages.Retain{Addr: addrA})
	r.tell(messages.Dialed{Addr: addrB, Session: 1}, "publish", "answer ann: <nil>")
	r.sessions(1)
}

func TestAMoveBackInTimeTakesTheSessionBackIntoUse(t *testing.T) {
	r := moved(t)
	r.now = r.now.Add(drainTime / 2)
	r.tell(messages.Retain{Addr: addrA}, "publish", "shut 2: "+ErrMoved.Error()+", stays", "readmit 1", "publish")
	r.sessions(1)
	r.tell(r.connect("ann", addrA, 0), "answer ann: <nil>")
	r.use[1] = usage{busy: true, used: r.now, heard: r.now}
	r.expire(drainTime, "expel 2")
	r.tell(messages.Disconnected{Addr: addrB, Session: 2, Err: ErrMoved})
	r.deadline(idleTime - drainTime)
}

func TestASessionThatIsOfNoUseDoesNotComeBack(t *testing.T) {
	for name, spoil := range map[string]func(r *rig){
		"it was expelled": func(r *rig) { r.expire(drainTime, "expel 1") },
		"it has ended":    func(r *rig) { r.tell(messages.Disconnected{Addr: addrA, Session: 1, Err: ErrMoved}) },
		"it may be silent": func(r *rig) {
			r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
		},
		"its server is leaving": func(r *rig) { r.tell(messages.Leaving{Addr: addrA, Session: 1}) },
		"its credentials are old": func(r *rig) {
			r.core.last = 2
			r.tell(messages.Secured{}, "dial "+addrB+" as 3", "answer : <nil>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := moved(t)
			spoil(r)
			r.tell(messages.Retain{Addr: addrA}, "publish", "shut 2: "+ErrMoved.Error()+", stays")
			r.sessions()
		})
	}
}

func TestANewerSessionIsNotReplacedByOneThatDrains(t *testing.T) {
	r := moved(t)
	r.core.last = 2
	r.tell(r.connect("ann", addrA, 0), "dial "+addrA+" as 3")
	r.tell(messages.Retain{Addr: addrA}, "publish", "shut 2: "+ErrMoved.Error()+", stays")
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "answer ann: <nil>")
	r.sessions(3)
}

func TestSessionsThatStayDoNotPileUp(t *testing.T) {
	r := up(t, addrA)
	r.core.last = 1
	for i := range uint64(3 * maxStaying) {
		r.now = r.now.Add(time.Millisecond)
		r.tell(messages.Secured{}, fmt.Sprintf("dial %s as %d", addrA, i+2), "answer : <nil>")
		want := []string{"publish", fmt.Sprintf("shut %d: %v, stays", i+1, ErrRenewed)}
		if i >= maxStaying {
			want = append(want, fmt.Sprintf("release %d", i+1-maxStaying))
		}
		r.tell(messages.Dialed{Addr: addrA, Session: i + 2}, want...)
	}
}
