package attempt

import (
	"testing"
	"time"
)

func TestTheKeepaliveFindsADeadServerBeforeTheTTLIsOver(t *testing.T) {
	for _, c := range []struct {
		ttl   time.Duration
		place float64
		want  time.Duration
	}{
		{0, 0, 42 * time.Second},
		{0, 1, 35 * time.Second},
		{time.Second, 0, 5 * time.Second},
		{10 * time.Second, 0, 5 * time.Second},
		{20 * time.Second, 0, 15 * time.Second},
		{20 * time.Second, 1, 12500 * time.Millisecond},
		{5 * time.Minute, 0, 42 * time.Second},
		{1<<63 - 1, 1, 35 * time.Second},
		{-1 << 63, 0, 42 * time.Second},
	} {
		if got := Keepalive(c.ttl, c.place); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
