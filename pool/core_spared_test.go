package pool

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// What was sent goes before the ping on a slow line: the ping may take as much longer, and
// no more than that.
func TestAPingBehindALargeRequestMayTakeLonger(t *testing.T) {
	r := up(t, addrA)
	r.tell(messages.Overdue{Addr: addrA, Session: 1}, "ping 1")
	r.use[1] = usage{busy: true, used: r.now, heard: r.now.Add(-time.Second), spared: r.now.Add(9 * time.Second)}
	r.expire(2 * time.Second)
	r.deadline(7 * time.Second)
	r.expire(7*time.Second - 1)
	r.core.expire(r.now.Add(1), func(uint64) usage { return r.use[1] })
	var why error
	for _, e := range r.core.take() {
		if c, ok := e.(cut); ok {
			why = c.cause
		}
	}
	if !errors.Is(why, ErrSilent) {
		t.Errorf("ended for %v", why)
	}
}
