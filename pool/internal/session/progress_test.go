package session

import (
	"context"
	"sync"
	"testing"
	"time"
)

func TestHowLongACallMayWaitForTheNextByte(t *testing.T) {
	const s, kib = time.Second, 1 << 10
	for _, c := range []struct {
		what string
		h    progress
		want time.Duration
	}{
		{"nothing came", progress{begin: 10 * s, pause: 60 * s}, 70 * s},
		{"it blocks as well", progress{begin: 10 * s, pause: 60 * s, block: 100 * s}, 170 * s},
		{"the request left late", progress{begin: 10 * s, pause: 60 * s, sent: 1 << 20, sentAt: 200 * s}, 260 * s},
		{"and is still on its way", progress{begin: 10 * s, pause: 60 * s, sent: 1 << 20, sentAt: 200 * s, excused: 216 * s}, 276 * s},
		{"but not for ever", progress{begin: 10 * s, pause: 60 * s, sent: 100 * kib, sentAt: 5000 * s}, 170 * s},
		{"the answer has begun", progress{begin: 10 * s, pause: 60 * s, block: 100 * s, noticed: 90 * s, lastByte: 90 * s, received: 1}, 150 * s},
		{"and goes on", progress{begin: 10 * s, pause: 60 * s, noticed: 90 * s, lastByte: 700 * s, received: 64 << 20}, 760 * s},
		{"and trickles", progress{begin: 10 * s, pause: 60 * s, noticed: 90 * s, lastByte: 700 * s, received: 61}, 150*s + 61*s/kib},
	} {
		if got := c.h.until(); got.Round(s) != c.want.Round(s) {
			t.Errorf("%s: until %v, want %v", c.what, got, c.want)
		}
	}
}

func TestACallGoesOnBeyondItsTimeWhileItBringsSomethingOn(t *testing.T) {
	const s = time.Second
	var e extension
	for _, c := range []struct {
		what string
		h    progress
		want bool
	}{
		{"nothing", progress{}, false},
		{"a trickle", progress{received: 100}, false},
		{"a reply", progress{received: 4 << 10}, true},
		{"a request on its way", progress{excused: 11 * s}, true},
		{"a request that should have arrived", progress{excused: 9 * s}, false},
	} {
		if got := e.deserved(10*s, &c.h); got != c.want {
			t.Errorf("%s: goes on: %v", c.what, got)
		}
	}
	e = extension{since: 10 * s, received: 4 << 10}
	for _, step := range []struct {
		now      time.Duration
		received int64
		over     bool
	}{
		{11 * s, 4 << 10, false}, // not yet looked
		{12 * s, 6 << 10, false},
		{14 * s, 90 << 10, false},
		{16 * s, 91 << 10, true}, // hardly anything
	} {
		if got := e.stalled(step.now, &progress{received: step.received}); got != step.over {
			t.Errorf("at %v with %d bytes: over: %v", step.now, step.received, got)
		}
	}
	if e.stalled(30*s, &progress{excused: 31 * s}) {
		t.Error("a request on its way was given up")
	}
}

func TestAServerThatTakesALargeRequestSparesTheSession(t *testing.T) {
	var h progress
	const s, kib = time.Second, 1 << 10
	if !h.count(10*s, 256*kib, 256*kib) || h.excused != 26*s {
		t.Errorf("handed over: excused until %v", h.excused)
	}
	if h.count(20*s, 256*kib, 256*kib) || h.excused != 26*s { // the same
		t.Errorf("nothing was taken: excused until %v", h.excused)
	}
	if !h.count(22*s, 256*kib, 128*kib) || h.excused != 30*s {
		t.Errorf("half was taken: excused until %v", h.excused)
	}
	if !h.count(24*s, 384*kib, 128*kib) || h.excused != 32*s {
		t.Errorf("as much was handed over as was taken: excused until %v", h.excused)
	}
	if !h.count(28*s, 384*kib, 1) || h.excused != 28*s {
		t.Errorf("nearly all was taken: excused until %v", h.excused)
	}
}

// waits has a waiter wait, until deadline if that is positive, while come has bytes of
// the answer come in.
func waits(t *testing.T, s *silentSession, deadline time.Duration, come func(waiting context.Context, in *incoming, now func() int64) (done bool)) (bool, error) {
	t.Helper()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var in incoming
	w := s.newWaiter(t.Context(), timer, 0, 0)
	if w.answer = &in; deadline > 0 {
		w.attempt.deadline = w.begin + deadline
		w.checkAfter(w.begin, w.due-w.begin)
	}
	done := make(chan struct{}, 1)
	waiting, stop := context.WithCancel(t.Context())
	var coming sync.WaitGroup
	coming.Go(func() {
		if come(waiting, &in, func() int64 { return int64(s.cfg.now()) }) {
			done <- struct{}{}
		}
	})
	defer coming.Wait()
	defer stop()
	return w.wait(done, nil)
}
