//go:build unix && !blockingwrites

package pool_test

import (
	"context"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

// What calls allocate, both ends together: the caller's values and the reply, what
// yamux needs at the server, and what the server's handler is given.

func TestACallThatCarriesBytesAllocatesLittle(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	ctx, payload := context.Background(), make([]byte, 64)
	allocates(t, 7, func() {
		var reply []byte
		if err := p.Call(ctx, s.Addr(), "Echo.Echo", payload, &reply); err != nil || len(reply) != len(payload) {
			t.Errorf("%d bytes, %v", len(reply), err)
		}
	})
}

// Of these, ten are the reply's strings and list, two the caller's variables, two
// yamux's, twelve those of the server and its codec, and none is the pool's.
func TestAHeartbeatAllocatesLittle(t *testing.T) {
	s, p := startBeatServer(t), newPool(t, pool.Config{})
	ctx, args := context.Background(), beatOf()
	allocates(t, 26, func() {
		var reply beatReply
		if err := p.Call(ctx, s.Addr(), "Node.UpdateStatus", args, &reply); err != nil || len(reply.Servers) != 3 {
			t.Errorf("%+v, %v", reply, err)
		}
	})
}

// allocates fails t if call allocates more often than that, or under the race
// detector than twice that.
func allocates(t *testing.T, limit float64, call func()) {
	t.Helper()
	if raced {
		limit *= 2
	}
	call() // dials
	n := testing.AllocsPerRun(2000, call)
	if n > limit {
		t.Errorf("%v allocations per call, want at most %v", n, limit)
	}
	t.Logf("%v allocations per call", n)
}
