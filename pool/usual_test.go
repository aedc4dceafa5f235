package pool

import (
	"fmt"
	"testing"
	"time"
)

func TestAMethodIsLateAtTheFloorOrHalfBeyondItsLongTimes(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		took []time.Duration
		late time.Duration
	}{
		{"never called", nil, time.Second},
		{"quick", []time.Duration{ms, 100 * ms, 499 * ms}, time.Second},
		{"at 1.5 s", []time.Duration{1500 * ms}, 2250 * ms},
		{"varies", []time.Duration{2000 * ms, 10 * ms, 2000 * ms, 10 * ms}, 2626500 * time.Microsecond},
		{"slower than any patience", []time.Duration{time.Hour}, 10 * time.Second},
		{"quick again", append([]time.Duration{4000 * ms}, make([]time.Duration, 40)...), time.Second},
	} {
		u := &usual{floor: time.Second}
		for _, took := range c.took {
			u.note("a:1", "X.Y", took)
		}
		if late := u.late("a:1", "X.Y"); late != c.late {
			t.Errorf("%s: late after %v, want %v", c.name, late, c.late)
		}
		if late := u.late("b:1", "X.Y"); late != time.Second {
			t.Errorf("%s: on another server late after %v", c.name, late)
		}
		if late := u.late("a:1", "X.Z"); late != time.Second {
			t.Errorf("%s: another method is late after %v", c.name, late)
		}
	}
}

// What is forgotten for want of room is late at the floor, which costs a ping.
func TestSlowMethodsAreRememberedWithinBounds(t *testing.T) {
	u := &usual{floor: time.Second}
	const many = 10_000
	for i := range many {
		u.note("a:1", fmt.Sprint("Slow.", i), 3*time.Second)
	}
	known := 0
	for i := range many {
		switch u.takes("a:1", fmt.Sprint("Slow.", i)) {
		case 0:
		case 3 * time.Second:
			known++
		default:
			t.Fatalf("method %d takes %v", i, u.takes("a:1", fmt.Sprint("Slow.", i)))
		}
	}
	if known < usualSlots/2 || known > usualSlots || u.known.Load() != int64(known) {
		t.Errorf("%d are known, and %d are counted", known, u.known.Load())
	}
	for range 40 {
		for i := range many {
			if u.takes("a:1", fmt.Sprint("Slow.", i)) > 0 {
				u.note("a:1", fmt.Sprint("Slow.", i), 0)
			}
		}
	}
	if u.known.Load() != 0 {
		t.Errorf("%d are known when all are quick", u.known.Load())
	}
}

func TestNotingUsualTimesAllocatesNothing(t *testing.T) {
	u := &usual{floor: time.Second}
	u.note("b:1", "X.Y", time.Hour)
	if n := testing.AllocsPerRun(1000, func() {
		u.note("a:1", "X.Y", time.Second)
		_ = u.late("a:1", "X.Y")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
