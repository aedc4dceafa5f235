package pool

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

// A call may know of a farewell before the session's keeper does, and have another
// session made: then it is told at once, for later the server is judged by that one.
func TestAFarewellIsToldOnceByWhoeverKnowsItFirst(t *testing.T) {
	r := up(t, addrA)
	var downs []error
	s := &session{tap: new(tap), pool: new(Pool)}
	o := &owner{
		pool: &Pool{cfg: Config{Down: func(_ string, err error) { downs = append(downs, err) }}},
		core: r.core, live: map[uint64]*session{1: s},
	}
	if o.farewell(addrA, 0) || o.farewell(addrA, 1) || len(downs) != 0 {
		t.Fatalf("told of %v", downs)
	}
	s.conn.leaving.Store(true)
	for range 2 {
		if !o.farewell(addrA, 1) || len(downs) != 1 || !errors.Is(downs[0], ErrLeaving) {
			t.Fatalf("told of %v", downs)
		}
	}
	late := &session{tap: new(tap), pool: new(Pool)}
	late.conn.leaving.Store(true)
	o.live[2] = late
	r.core.last = 2
	r.tell(r.connect("ann", addrA, 1), "publish", "retire 1: "+ErrLeaving.Error(), "dial "+addrA+" as 3")
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "answer ann: <nil>")
	if !o.farewell(addrA, 2) || len(downs) != 1 {
		t.Fatalf("told of %v, although the server is reached on another session", downs)
	}
}
