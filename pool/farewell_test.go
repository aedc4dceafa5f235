package pool

import (
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

const addrA = "10.0.0.1:4647"

// A call may know of a farewell before the session's keeper does, and have another
// session made: then it is told at once, for later the server is judged by that one.
func TestAFarewellIsToldOnceByWhoeverKnowsItFirst(t *testing.T) {
	c := core.New(core.Config{})
	dialed := func(except, session uint64) {
		c.Step(time.Unix(1000, 0), core.Connect{Addr: addrA, Except: except})
		c.Step(time.Unix(1000, 0), core.Dialed{Addr: addrA, Session: session})
	}
	dialed(0, 1)
	var downs []error
	s := &session{tap: new(tap), pool: new(Pool)}
	o := &owner{
		pool: &Pool{hooks: poolhooks.Hooks{Down: func(_ string, err error) { downs = append(downs, err) }}},
		core: c, live: map[uint64]*session{1: s},
	}
	if o.farewell(addrA, 0) || o.farewell(addrA, 1) || len(downs) != 0 {
		t.Fatalf("told of %v", downs)
	}
	s.tap.leaving.Store(true)
	for range 2 {
		if !o.farewell(addrA, 1) || len(downs) != 1 || !errors.Is(downs[0], ErrLeaving) {
			t.Fatalf("told of %v", downs)
		}
	}
	late := &session{tap: new(tap), pool: new(Pool)}
	late.tap.leaving.Store(true)
	o.live[7] = late
	dialed(1, 2)
	if !o.farewell(addrA, 7) || len(downs) != 1 {
		t.Fatalf("told of %v, although the server is reached on another session", downs)
	}
}
