package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

const addrA = "10.0.0.1:4647"

// departing is a connection whose server leaves when depart is called.
func departing(p *Pool) (c *connection, depart func()) {
	script := &muxtest.Conn{Reads: [][]byte{muxtest.Head(0, muxtest.GoAway, 0, 0, 0)}}
	c = p.newConnection(context.Background(), script, addrA, addrA, 1)
	return c, func() { _, _ = muxtest.Drain(c.conn) }
}

// A call may know of a farewell before the session's keeper does, and have another
// session made: then the farewell is reported at once, for later the server is judged by that one.
func TestAFarewellIsReportedOnceByItsFirstObserver(t *testing.T) {
	c := core.New(core.Config{
		Chance: rand.Float64, Usage: func(uint64) core.Usage { return core.Usage{} }, Classify: classify,
	})
	dialed := func(except, session uint64) {
		c.Step(time.Unix(1000, 0), core.Connect{Addr: addrA, Except: except})
		c.Step(time.Unix(1000, 0), core.Dialed{Addr: addrA, Session: session})
	}
	dialed(0, 1)
	var downs []error
	p := &Pool{hooks: poolhooks.Hooks{Down: func(_ string, err error) { downs = append(downs, err) }}}
	p.own()
	first, depart := departing(p)
	o := &owner{pool: p, core: c, live: map[uint64]*connection{1: first}}
	if o.noteLeaving(addrA, 0) || o.noteLeaving(addrA, 1) || len(downs) != 0 {
		t.Fatalf("reported %v", downs)
	}
	depart()
	for range 2 {
		if !o.noteLeaving(addrA, 1) || len(downs) != 1 || !errors.Is(downs[0], ErrLeaving) {
			t.Fatalf("reported %v", downs)
		}
	}
	o.live[7], depart = departing(p)
	depart()
	dialed(1, 2)
	if !o.noteLeaving(addrA, 7) || len(downs) != 1 {
		t.Fatalf("reported %v, although the server is reached on another session", downs)
	}
}
