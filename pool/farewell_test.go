package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

const addrA = "10.0.0.1:4647"

// endings are the ways in which a session comes to be of no use, and what is reported.
var endings = map[string]struct {
	leaves, ends bool
	want         error
}{
	"a farewell":           {leaves: true, want: ErrLeaving},
	"an end":               {ends: true, want: io.EOF},
	"a farewell, then end": {leaves: true, ends: true, want: ErrLeaving},
}

// reporting is an owner without goroutines, and what it has reported. Its session 1 is in use.
type reporting struct {
	*owner
	now   time.Time
	downs []error
}

// envOf is what a core asks for, with usage as its sessions' usage, and no chance.
type envOf func(session uint64) poolcore.Usage

func (e envOf) Usage(session uint64) poolcore.Usage { return e(session) }

func (envOf) Chance() float64 { return 0.5 }

func (envOf) Classify(err error) (timeout, credentials bool) { return classify(err) }

func newReporting() *reporting {
	r := &reporting{now: time.Unix(1000, 0)}
	p := &Pool{
		resolver: new(dialing.Resolver),
		hooks:    poolhooks.Hooks{Down: func(_ string, err error) { r.downs = append(r.downs, err) }},
	}
	p.own()
	r.owner = &owner{pool: p, live: map[uint64]*connection{}, core: poolcore.New(
		&poolcore.Config{Idle: time.Hour, Drain: time.Hour},
		envOf(func(uint64) poolcore.Usage { return poolcore.Usage{} }),
	)}
	r.put(1, false, false)
	r.dialed(0, 1)
	return r
}

// put makes session id one over a network that answers nothing, whose server leaves, or which
// ends.
func (r *reporting) put(id uint64, leaves, ends bool) {
	script := &muxtest.Conn{Reads: [][]byte{muxtest.Head(0, muxtest.GoAway, 0, 0, 0)}}
	c, network := r.pool.newConnection(context.Background(), script, addrA, addrA, id), sessiontest.NewSilent()
	c.Attach(network)
	if r.live[id] = c; leaves {
		_, _ = muxtest.Drain(c.conn)
	}
	if ends {
		_ = network.Close()
	}
}

// dialed has the core take session id in place of except.
func (r *reporting) dialed(except, id uint64) {
	r.core.Step(r.now, poolcore.Connect{Addr: addrA, Except: except})
	r.core.Step(r.now, poolcore.Dialed{Addr: addrA, Session: id})
	r.core.Take()
}

// busy has as many dials to other servers under way as there may be, so that none begins.
func (r *reporting) busy() {
	for i := range 64 {
		r.core.Step(r.now, poolcore.Connect{Addr: fmt.Sprintf("10.0.1.%d:4647", i)})
	}
	r.core.Take()
}

// A call may know of a farewell, or of the end, before the session's goroutine does, and have
// another session made: then it is reported at once, for later the server is judged by that
// one.
func TestTheEndOfASessionIsReportedByItsFirstObserver(t *testing.T) {
	for name, c := range endings {
		for observer, m := range map[string]poolcore.Message{
			"a call":         poolcore.Connect{Addr: addrA, Except: 1},
			"the goroutine":  poolcore.Disconnected{Addr: addrA, Session: 1, Err: io.EOF},
			"its first look": poolcore.Leaving{Addr: addrA, Session: 1},
		} {
			t.Run(name+", "+observer, func(t *testing.T) {
				r := newReporting()
				r.busy()
				r.put(1, c.leaves, c.ends)
				r.Step(r.now, &mail{Message: m})
				if len(r.downs) != 1 || !errors.Is(r.downs[0], c.want) {
					t.Fatalf("reported %v, want %v", r.downs, c.want)
				}
				if _, found := (*r.pool.table.Load())[addrA]; found {
					t.Error("calls still find the session")
				}
			})
		}
	}
}

func TestTheEndOfASessionIsReportedOnce(t *testing.T) {
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			r := newReporting()
			r.noteEnd(0)
			if r.noteEnd(1); len(r.downs) != 0 {
				t.Fatalf("reported %v of a session in use", r.downs)
			}
			r.put(1, c.leaves, c.ends)
			for range 2 {
				if r.noteEnd(1); len(r.downs) != 1 {
					t.Fatalf("reported %v", r.downs)
				}
			}
			r.dialed(1, 2)
			r.put(7, c.leaves, c.ends)
			r.noteEnd(1)
			if r.noteEnd(7); len(r.downs) != 1 {
				t.Fatalf("reported %v, although the server is reached on another session", r.downs)
			}
		})
	}
}
