package actor

import (
	"testing"
	"testing/synctest"
	"time"
)

// A change of the time of day must not stay unheard of.
func TestTheTimeOfDayIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		first := c.now()
		time.Sleep(daytime)
		if c.now(); c.base != first {
			t.Error("it was asked for again too soon")
		}
		time.Sleep(time.Nanosecond)
		if now := c.now(); now != first.Add(daytime+1) || c.base != now {
			t.Errorf("it was not asked for again after %v", now.Sub(first))
		}
	})
}
