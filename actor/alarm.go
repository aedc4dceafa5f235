package actor

import (
	"sync"
	"time"
)

// alarm calls ring when a deadline is over. It belongs to the loop; ring runs in
// a goroutine of its own, and group knows of it.
//
// It may ring too early: a deadline that moves back, as most do that move, leaves
// the timer where it was, and who is rung for calls [alarm.renew].
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
	a.at = at
	if !at.IsZero() && (a.rings.IsZero() || at.Before(a.rings)) {
		a.renew()
	}
}

// renew sets the timer to the deadline, whatever it was set to.
func (a *alarm) renew() {
	a.off()
	if a.at.IsZero() {
		return
	}
	a.rings = a.at
	a.group.Add(1)
	if left := time.Until(a.at); a.timer == nil {
		a.timer = time.AfterFunc(left, func() { defer a.group.Done(); a.ring() })
	} else {
		a.timer.Reset(left)
	}
}

// off stops the timer. A ring that has begun still comes.
func (a *alarm) off() {
	if !a.rings.IsZero() && a.timer.Stop() {
		a.group.Done()
	}
	a.rings = time.Time{}
}

// due says whether the deadline has come.
func (a *alarm) due(now time.Time) bool { return !a.at.IsZero() && !a.at.After(now) }
