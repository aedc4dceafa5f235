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
		{"beyond a blocking query's own time", 2 * time.Second, 160 * time.Second, 172 * time.Second},
		{"longer than a duration can be added to", math.MaxInt64, 160 * time.Second, longest + 170*time.Second},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp := aliveButMute(t)
				if c.want > 24*time.Hour {
					s, err := sp.find(t.Context(), "a:1", 0)
					if err != nil {
						t.Fatal(err)
					}
					defer s.leave()
					watch := time.NewTimer(0)
					defer watch.Stop()
					if w := s.patience(t.Context(), watch, c.block, c.hold); w.held+w.hold != c.want {
						t.Errorf("the limit is %v, want %v", w.held+w.hold, c.want)
					}
					return
				}
				err := sp.Do(t.Context(), "a:1", &Request{Method: "X.Y", Args: struct{}{}, Block: c.block, Hold: c.hold})
				sp.after(t, c.want, "given up")
				if held, ok := errors.AsType[*HoldError](err); !ok || held.Limit != c.want {
					t.Errorf("%v, want a *HoldError of %v", err, c.want)
				}
			})
		})
	}
}
