package pool

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// A request may give its server less time than the configuration, or more.
func TestARequestMayHaveAHoldTimeOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		what              string
		hold, block, want time.Duration
	}{
		{"shorter", 2 * time.Second, 0, 2 * time.Second},
		{"shorter than silence may last", 20 * time.Millisecond, 0, 20 * time.Millisecond},
		{"longer", time.Hour, 0, time.Hour},
		{"none: that of the configuration", 0, 0, 10 * time.Second},
		{"nonsense: that of the configuration", -time.Second, 0, 10 * time.Second},
		{"beyond the longest that a server holds a query", 0, math.MaxInt64, 300*17*time.Second/16 + 10*time.Second},
		{"beyond a blocking query's own time", 2 * time.Second, 160 * time.Second, 172 * time.Second},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := aliveButMute(t)
				err := sp.Do(t.Context(), "a:1", &Request{Method: "X.Y", Args: struct{}{}, Block: c.block, Hold: c.hold})
				sp.after(t, c.want, "given up")
				if held, ok := errors.AsType[*HoldError](err); !ok || held.Limit != c.want {
					t.Errorf("%v, want a *HoldError of %v", err, c.want)
				}
			})
		})
	}
}
