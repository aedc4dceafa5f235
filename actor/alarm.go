package actor

import (
	"sync"
	"time"
)

// alarm calls ring when a deadline is over. It belongs to the loop; ring runs in
// a goroutine of its own, and group knows of it.
//
// It may ring too early: a deadline that moves back, as most do that move, leaves
// the timer where it was. The loop then looks at the clock, and sets it anew
// after turning it off.
//
// Its timer calls a function. One with a channel would make each wait of the loop
// a select, and each select put the timer into the runtime's heap and take it out
// again.
type alarm struct {
	ring  func()
	group *sync.WaitGroup
	at    time.Time   // the deadline; zero: there is none
	timer *time.Timer // nil until it is needed
	rings time.Time   // when the timer does; zero: it does not
}

// set takes over the deadline. Nothing happens if it is the one it has.
func (a *alarm) set(at time.Time) {
	if at == a.at {
		return
	}
	if at.IsZero() || !a.rings.IsZero() && !at.Before(a.rings) {
		a.at = at
		return
	}
	a.off()
	a.at, a.rings = at, at
	a.group.Add(1)
	if left := time.Until(at); a.timer == nil {
		a.timer = time.AfterFunc(left, func() { defer a.group.Done(); a.ring() })
	} else {
		a.timer.Reset(left)
	}
}

// off stops the timer and forgets the deadline. A ring that has begun still comes.
func (a *alarm) off() {
	if !a.rings.IsZero() && a.timer.Stop() {
		a.group.Done()
	}
	a.at, a.rings = time.Time{}, time.Time{}
}

// over reports whether the deadline has come; the zero time never does.
func over(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }
