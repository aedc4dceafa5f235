package testutil_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAStopwatchGoesWithTheClockAndNotBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := testutil.StartStopwatch(t)
		for range 100 {
			time.Sleep(37 * time.Millisecond)
			synctest.Wait()
			by := time.Since(began)
			if e := w.Elapsed(); e > by || e < by-10*time.Millisecond {
				t.Fatalf("it shows %v after %v", e, by)
			}
		}
	})
}
