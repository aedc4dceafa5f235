package pool

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// departed is a connection whose peer has said goodbye.
func departed(t *testing.T) *mux.Conn {
	t.Helper()
	c := connOn(&muxtest.Conn{Reads: [][]byte{muxtest.Head(0, muxtest.GoAway, 0, 0, 0)}})
	if _, err := muxtest.Drain(c); !c.IsLeaving() {
		t.Fatal(err)
	}
	return c
}

// A call may know of a farewell before the session's keeper does, and have another
// session made: then it is told at once, for later the server is judged by that one.
func TestAFarewellIsToldOnceByWhoeverKnowsItFirst(t *testing.T) {
	r := up(t, addrA)
	var downs []error
	s := &session{conn: new(mux.Conn), pool: new(Pool)}
	o := &owner{
		pool: &Pool{cfg: Config{Down: func(_ string, err error) { downs = append(downs, err) }}},
		core: r.core, live: map[uint64]*session{1: s},
	}
	if o.farewell(addrA, 0) || o.farewell(addrA, 1) || len(downs) != 0 {
		t.Fatalf("told of %v", downs)
	}
	s.conn = departed(t)
	for range 2 {
		if !o.farewell(addrA, 1) || len(downs) != 1 || !errors.Is(downs[0], ErrLeaving) {
			t.Fatalf("told of %v", downs)
		}
	}
	o.live[2] = &session{conn: departed(t), pool: new(Pool)}
	r.core.last = 2
	r.tell(r.connect("ann", addrA, 1), "publish", "retire 1: "+ErrLeaving.Error(), "dial "+addrA+" as 3")
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "answer ann: <nil>")
	if !o.farewell(addrA, 2) || len(downs) != 1 {
		t.Fatalf("told of %v, although the server is reached on another session", downs)
	}
}
