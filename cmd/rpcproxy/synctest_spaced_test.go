package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoServerIsPingedFasterThanTenTimesASecondUnlessAskedFor(t *testing.T) {
	def, err := time.ParseDuration(newPing().Flags().Lookup("interval").DefValue)
	if err != nil || def < 100*time.Millisecond {
		t.Errorf("the default is %v, %v", def, err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		begun := time.Now()
		time.Sleep(30 * time.Millisecond) // the ping took that long
		if !spaced(ctx, begun, def) || time.Since(begun) != def {
			t.Errorf("the next one after %v", time.Since(begun))
		}
		if begun = time.Now(); !spaced(ctx, time.Time{}, def) || time.Since(begun) != 0 {
			t.Errorf("the first one after %v", time.Since(begun))
		}
		stop()
		if spaced(ctx, begun, time.Hour) || time.Since(begun) != 0 {
			t.Error("it goes on when it is interrupted")
		}
	})
}
