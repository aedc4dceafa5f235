package poolcore

import (
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
	r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2*time.Second, "dial "+addrA+" as 2")
	return r
}

func TestASessionThatIsHeardOfWhileItsServerIsDialedAnewStays(t *testing.T) {
	r := silentRig(t)
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.core.heard()
	r.tell(Dialed{Addr: addrA, Session: 2}, "retire 2: "+ErrIdle.Error())
	r.tell(Overdue{Session: 1}, "ping 1") // the search is not repeated at once
}

func TestNewCredentialsReplaceASilentSessionAtOnce(t *testing.T) {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.core.last = 1
	r.use[1] = Usage{Busy: true, Heard: r.now}
	r.tell(Secured{}, "dial "+addrA+" as 2")
	r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2 * time.Second) // it is dialed already
	r.tell(Dialed{Addr: addrA, Session: 2}, "publish", "replaced "+addrA,
		"cut 1: server is silent: no answer to a ping within 2s, while a new connection works")
}
