package pool

import (
	"context"
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// departing is a connection whose server leaves when depart is called.
func departing(p *Pool) (c *connection, depart func()) {
	script := &muxtest.Conn{Reads: [][]byte{muxtest.Head(0, muxtest.GoAway, 0, 0, 0)}}
	c = p.newConnection(context.Background(), script, addrA, addrA, 1)
	return c, func() { _, _ = muxtest.Drain(c.conn) }
}

// A call may know of a farewell before the session's keeper does, and have another
// session made: then it is told at once, for later the server is judged by that one.
func TestAFarewellIsToldOnceByWhoeverKnowsItFirst(t *testing.T) {
	r := up(t, addrA)
	var downs []error
	p := &Pool{cfg: Config{Down: func(_ string, err error) { downs = append(downs, err) }}}
	p.sessions = p.sessionConfig()
	first, depart := departing(p)
	o := &owner{pool: p, core: r.core, live: map[uint64]*connection{1: first}}
	if o.farewell(addrA, 0) || o.farewell(addrA, 1) || len(downs) != 0 {
		t.Fatalf("told of %v", downs)
	}
	depart()
	for range 2 {
		if !o.farewell(addrA, 1) || len(downs) != 1 || !errors.Is(downs[0], ErrLeaving) {
			t.Fatalf("told of %v", downs)
		}
	}
	o.live[2], depart = departing(p)
	depart()
	r.core.last = 2
	r.tell(r.connect("ann", addrA, 1), "publish", "retire 1: "+ErrLeaving.Error(), "dial "+addrA+" as 3")
	r.tell(messages.Dialed{Addr: addrA, Session: 3}, "publish", "answer ann: <nil>")
	if !o.farewell(addrA, 2) || len(downs) != 1 {
		t.Fatalf("told of %v, although the server is reached on another session", downs)
	}
}
