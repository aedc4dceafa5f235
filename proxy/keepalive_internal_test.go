package proxy

import (
	"testing"
	"time"
)

func TestTheKeepaliveFollowsTheHeartbeatAndTheFleet(t *testing.T) {
	for _, c := range []struct {
		ttl            time.Duration
		nodes, servers int
		want           time.Duration
	}{
		{0, 0, 0, 30 * time.Second},
		{20 * time.Second, 100, 3, 40 * time.Second},
		{20 * time.Second, 10_000, 5, 125 * time.Second},
		{5 * time.Minute, 10_000, 5, 10 * time.Minute},
	} {
		if got := keepalive(c.ttl, c.nodes, c.servers); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
