package proxy

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

func TestASoftDeadlineFollowsNoClockThatIsSet(t *testing.T) {
	now := stepped.Start()
	var c call
	WithSoftDeadline(now.Add(time.Hour).Round(0))(&c)
	for _, by := range []time.Duration{0, 365 * 24 * time.Hour, -365 * 24 * time.Hour} {
		if left := c.way.AnswerBy.Sub(stepped.Shift(now, by)); left.Round(time.Minute) != time.Hour {
			t.Errorf("set by %v: %v are left", by, left)
		}
	}
	WithSoftDeadline(time.Time{})(&c)
	if !c.way.AnswerBy.IsZero() {
		t.Error("none was given")
	}
}
