package pool

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestARenewalPublishesTheNewSessionBeforeItEndsTheOld(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(messages.Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
	r.tell(r.connect("meanwhile", addrA, 0), "answer meanwhile: <nil>")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "publish", "shut 1: "+ErrRenewed.Error()+", stays")
	r.tell(messages.Disconnected{Addr: addrA, Session: 1})
	r.tell(r.connect("after", addrA, 1), "answer after: <nil>")
}

func TestCredentialsThatNoServerTakesReplaceNothing(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(messages.Secured{Err: errors.New("no")}, "answer : no")
}

func TestADialThatBeganWithOldCredentialsIsMadeAgain(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "shut 1: "+ErrIdle.Error())
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "publish", "answer first: <nil>")
}

func TestOnlyTheLastOfSeveralRenewalsCounts(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(messages.Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
	r.tell(messages.Secured{}, "dial "+addrA+" as 3", "answer : <nil>")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "shut 2: "+ErrIdle.Error())
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "shut 1: "+ErrRenewed.Error()+", stays")
}

func TestARenewalThatFailsLeavesTheSessionAndIsTriedAgain(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(messages.Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
	if r.core.current(addrA, 2) || !r.core.current(addrA, 1) {
		t.Fatal("a server is judged by a renewal while its session works")
	}
	r.tell(messages.Dialed{Addr: addrA, Session: 2, Err: errors.New("refused")})
	if at := r.core.deadline(); !at.Equal(r.now.Add(renewPause)) {
		t.Fatalf("looks again at %v, want in %v", at.Sub(r.now), renewPause)
	}
	r.expire(renewPause - 1)
	r.expire(1, "dial "+addrA+" as 3")
	r.expire(renewPause) // one at a time
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "shut 1: "+ErrRenewed.Error()+", stays")
}

func TestARenewalOfASessionThatEndedMeanwhileIsLetGo(t *testing.T) {
	r := newRig(t)
	r.tell(r.connect("first", addrA, 0), "dial "+addrA+" as 1")
	r.tell(messages.Dialed{Addr: addrA, Session: 1}, "publish", "answer first: <nil>")
	r.tell(messages.Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
	r.tell(messages.Disconnected{Addr: addrA, Session: 1}, "publish")
	r.tell(r.connect("next", addrA, 0), "dial "+addrA+" as 3")
	r.tell(messages.Dialed{Addr: addrA, Session: 2}, "shut 2: "+ErrIdle.Error())
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "answer next: <nil>")
}
