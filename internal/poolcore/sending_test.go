package poolcore

import (
	"errors"
	"testing"
	"time"
)

// What was sent goes before the ping on a slow line: the ping may take as much longer, and
// no more than that.
func TestAPingBehindALargeRequestMayTakeLonger(t *testing.T) {
	r := up(t, addrA)
	r.tell(Overdue{Session: 1}, "ping 1")
	r.use[1] = Usage{Busy: true, Used: r.now, Heard: r.now.Add(-time.Second), Sending: r.now.Add(9 * time.Second)}
	r.expire(2 * time.Second)
	r.deadline(7 * time.Second)
	r.expire(7*time.Second - 1)
	r.core.Expire(r.now.Add(1))
	var why error
	for _, e := range r.core.Take() {
		if c, ok := e.(Cut); ok {
			why = c.Cause
		}
	}
	if !errors.Is(why, ErrSilent) {
		t.Errorf("ended for %v", why)
	}
}

// Nor is a Status.Ping the one to judge by that waits behind it.
func TestAStatusPingBehindALargeRequestIsJudgedOnceThatHasArrived(t *testing.T) {
	r := servingRig(t)
	arrives := r.now.Add(12 * time.Second)
	r.expire(time.Second, "suspect "+addrA)
	r.tell(Corroborated{Addr: addrA})
	for r.now.Before(arrives.Add(-time.Second)) {
		r.chatter(1)
		u := r.use[1]
		u.Sending = arrives
		r.use[1] = u
		r.expire(time.Second)
	}
	r.sessions(1)
	r.chatter(1) // it is not answered then either
	r.expire(time.Second, "publish", "retire 1: "+notServing(elsewhereAnswers), "desert 1: "+notServing(elsewhereAnswers))
}
