package poolcore

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// renew asks for a better session to addrA.
func (r *rig) renew(caller string) Renew {
	reply := actor.NewReply[error]()
	r.names[reply] = caller
	return Renew{Addr: addrA, Reply: reply}
}

// upOnce has a session to addrA as 1, and the next one is 2.
func upOnce(t *testing.T) *rig {
	r := up(t, addrA)
	r.core.last = 1
	return r
}

func TestABetterSessionIsPublishedBeforeTheOldOneIsRetired(t *testing.T) {
	r := upOnce(t)
	r.tell(r.renew("ann"), "dial "+addrA+" as 2")
	r.tell(r.connect("meanwhile", addrA, 0), "answer meanwhile: <nil>")
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "retire 1: "+errElsewhere.Error(), "answer ann: <nil>")
	r.sessions(2)
	if !errors.Is(errElsewhere, ErrRenewed) || !LetGo(errElsewhere) {
		t.Error("its end is not distinguished from a failure")
	}
}

func TestASessionThatIsNoBetterLeavesEverythingAsItWas(t *testing.T) {
	r := upOnce(t)
	r.tell(r.renew("ann"), "dial "+addrA+" as 2")
	if r.core.current(addrA, 2) {
		t.Error("the server is judged by it")
	}
	r.tell(Dialed{Addr: addrA, Session: 2, Err: errNobody}, "answer ann: "+errNobody.Error())
	r.sessions(1)
	r.use[1] = Usage{Busy: true}
	r.expire(time.Hour) // nothing is repeated
	r.tell(r.renew("bob"), "dial "+addrA+" as 3")
}

func TestABetterSessionIsSoughtOnceAtATimeAndOnlyWhileOneIsUp(t *testing.T) {
	refused := "answer ann: " + ErrNotRenewed.Error()
	r := newRig(t)
	r.tell(r.renew("ann"), refused)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(r.renew("ann"), refused)
	r.tell(Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(r.renew("bob"), "dial "+addrA+" as 2")
	r.tell(r.renew("ann"), refused)
}

func TestNewCredentialsOvertakeASearchForABetterSession(t *testing.T) {
	r := upOnce(t)
	r.tell(r.renew("ann"), "dial "+addrA+" as 2")
	r.tell(Secured{}, "dial "+addrA+" as 3")
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error(), "answer ann: "+ErrNotRenewed.Error())
	r.tell(Dialed{Addr: addrA, Session: 3}, "publish", "retire 1: "+ErrRenewed.Error())
	if len(r.core.renewals) != 0 {
		t.Error("somebody is still waiting")
	}
}

func TestASessionThatEndsWhileABetterOneIsSoughtIsDialedAsEver(t *testing.T) {
	r := upOnce(t)
	r.tell(r.renew("ann"), "dial "+addrA+" as 2")
	r.tell(Disconnected{Addr: addrA, Session: 1}, "publish")
	r.tell(r.connect("next", addrA, 0), "dial "+addrA+" as 3")
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error(), "answer ann: "+ErrNotRenewed.Error())
	r.tell(Dialed{Addr: addrA, Session: 3}, "publish", "answer next: <nil>")
}

func TestWithdrawnTrustDoesNotWaitForASessionThatMustBeProven(t *testing.T) {
	r := upOnce(t)
	r.tell(r.renew("ann"), "dial "+addrA+" as 2")
	r.core.sessions.find(1).until = r.at() // as a withdrawal before has it
	r.expire(0, "publish", "cut 1: "+ErrDrained.Error(), "dial "+addrA+" as 3")
	r.tell(Dialed{Addr: addrA, Session: 2, Err: errNobody}, "answer ann: "+errNobody.Error())
	r.tell(Dialed{Addr: addrA, Session: 3}, "publish", "replaced "+addrA)
}

func TestTheOldSessionServesWhileABetterOneIsLearntOf(t *testing.T) {
	r := upOnce(t)
	r.tell(r.renew("ann"), "dial "+addrA+" as 2")
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "retire 1: "+errElsewhere.Error(), "answer ann: <nil>")
	r.use[1] = Usage{Used: r.now}
	r.expire(drainTime - 1)
	r.expire(1, "release 1")
}
