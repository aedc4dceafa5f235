//go:build unix

package pool_test

import (
	"context"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

// What a call allocates, both ends together: the caller's values and the reply,
// what yamux needs at the server, and what the server's handler is given.
func TestACallAllocatesLittle(t *testing.T) {
	limit := 10.0
	if raced {
		limit *= 2
	}
	s, p := startServer(t), newPool(t, pool.Config{})
	ctx, payload := context.Background(), make([]byte, 64)
	n := testing.AllocsPerRun(2000, func() {
		var reply []byte
		if err := p.Call(ctx, s.Addr(), "Echo.Echo", payload, &reply); err != nil || len(reply) != len(payload) {
			t.Errorf("%d bytes, %v", len(reply), err)
		}
	})
	if n > limit {
		t.Errorf("%v allocations per call, want at most %v", n, limit)
	}
}
