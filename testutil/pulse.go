package testutil

import (
	"sync"
	"time"
)

// Stall is a time in which a process was not run although it was to be: the
// machine had other things to do.
type Stall struct{ From, To time.Time }

// A goroutine that wants to run this often, and is late by more than a timer is on
// a machine that keeps up, has met a stall.
const (
	pulseEvery = 10 * time.Millisecond
	pulseSlack = 20 * time.Millisecond
)

// StartPulse notices the stalls of this process and reports each at its end, on
// a goroutine of its own, which stop ends and waits for. A program that judges how long
// something took can so leave out what was not the program's doing: see [Stalled].
func StartPulse(tell func(Stall)) (stop func()) {
	quit := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		beat := time.NewTimer(pulseEvery)
		defer beat.Stop()
		for last := time.Now(); ; {
			select {
			case <-beat.C:
			case <-quit:
				return
			}
			if s, late := stallOf(last, time.Now()); late {
				tell(s)
			}
			last = time.Now() // tell may take as long as it likes
			beat.Reset(pulseEvery)
		}
	})
	return func() {
		close(quit)
		group.Wait()
	}
}

// stallOf is the time between two beats.
func stallOf(last, now time.Time) (Stall, bool) {
	s := Stall{From: last.Add(pulseEvery), To: now}
	return s, s.To.Sub(s.From) > pulseSlack
}

// Stalled is how much of the time between from and to the stalls took, all
// together. Those of several processes on the way of one call are added up: it may
// have met one after the other.
func Stalled(all []Stall, from, to time.Time) (sum time.Duration) {
	for _, s := range all {
		begin, end := s.From, s.To
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		sum += max(end.Sub(begin), 0)
	}
	return sum
}
