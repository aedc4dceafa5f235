package core

import (
	"errors"
	"testing"
	"time"
)

// silentRig has a session of whose server nothing is heard, and no other server that
// answers: the ping has just failed and the server is dialed anew as 2.
func silentRig(t *testing.T) *rig {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.core.last = 1
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.tell(Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2*time.Second, "dial "+addrA+" as 2")
	return r
}

func TestASilentSessionIsReplacedWhenANewConnectionToItsServerWorks(t *testing.T) {
	r := silentRig(t)
	r.tell(r.connect("meanwhile", addrA, 0), "answer meanwhile: <nil>")
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "replaced "+addrA,
		"cut 1: server is silent: no answer to a ping within 2s, while a new connection works")
	if r.core.Superseded(addrA, 1) != true {
		t.Error("the server is judged by the session that was replaced")
	}
}

func TestAServerThatCannotBeDialedAnewKeepsItsSessionAndIsTriedWithTheNextPing(t *testing.T) {
	r := silentRig(t)
	r.tell(Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2 * time.Second) // one dial at a time
	r.tell(Dialed{Addr: addrA, Session: 2, Err: errors.New("no answer")})
	r.expire(time.Hour) // nobody waits: nobody dials
	r.tell(Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2*time.Second, "dial "+addrA+" as 3")
	r.tell(Pinged{Addr: addrA, Session: 1})
	r.tell(Dialed{Addr: addrA, Session: 3}, "retire 3: "+ErrIdle.Error())
}

func TestASessionThatIsHeardOfWhileItsServerIsDialedAnewStays(t *testing.T) {
	r := silentRig(t)
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.core.heard()
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
}

func TestASilentSessionWhoseServerIsSeenToBeDeadIsNotDialedAnew(t *testing.T) {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.tell(Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
	r.tell(Corroborated{Addr: addrA})
	r.expire(2*time.Second, "publish", silent(1))
}

func TestNewCredentialsReplaceASilentSessionAtOnce(t *testing.T) {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.core.last = 1
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.tell(Secured{}, "dial "+addrA+" as 2", "answer : <nil>")
	r.tell(Overdue{Addr: addrA, Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2 * time.Second) // it is dialed already
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "replaced "+addrA,
		"cut 1: server is silent: no answer to a ping within 2s, while a new connection works")
}
