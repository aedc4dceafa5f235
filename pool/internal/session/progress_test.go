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
		h    headway
		want time.Duration
	}{
		{"nothing came", headway{begin: 10 * s, hold: 60 * s}, 70 * s},
		{"it is held as well", headway{begin: 10 * s, hold: 60 * s, held: 100 * s}, 170 * s},
		{"the request left late", headway{begin: 10 * s, hold: 60 * s, sent: 1 << 20, sentAt: 200 * s}, 260 * s},
		{"and is still on its way", headway{begin: 10 * s, hold: 60 * s, sent: 1 << 20, sentAt: 200 * s, spared: 216 * s}, 276 * s},
		{"but not for ever", headway{begin: 10 * s, hold: 60 * s, sent: 100 * kib, sentAt: 5000 * s}, 170 * s},
		{"the answer has begun", headway{begin: 10 * s, hold: 60 * s, held: 100 * s, heard: 90 * s, heardAt: 90 * s, received: 1}, 150 * s},
		{"and goes on", headway{begin: 10 * s, hold: 60 * s, heard: 90 * s, heardAt: 700 * s, received: 64 << 20}, 760 * s},
		{"and trickles", headway{begin: 10 * s, hold: 60 * s, heard: 90 * s, heardAt: 700 * s, received: 61}, 150*s + 61*s/kib},
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
		h    headway
		want bool
	}{
		{"nothing", headway{}, false},
		{"a trickle", headway{received: 100}, false},
		{"a reply", headway{received: 4 << 10}, true},
		{"a request on its way", headway{spared: 11 * s}, true},
		{"a request that should have arrived", headway{spared: 9 * s}, false},
	} {
		if got := e.begins(10*s, &c.h); got != c.want {
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
		if got := e.over(step.now, &headway{received: step.received}); got != step.over {
			t.Errorf("at %v with %d bytes: over: %v", step.now, step.received, got)
		}
	}
	if e.over(30*s, &headway{spared: 31 * s}) {
		t.Error("a request on its way was given up")
	}
}

func TestAServerThatTakesALargeRequestSparesTheSession(t *testing.T) {
	var h headway
	const s, kib = time.Second, 1 << 10
	if !h.takes(10*s, 256*kib, 256*kib) || h.spared != 26*s {
		t.Errorf("handed over: spared until %v", h.spared)
	}
	if h.takes(20*s, 256*kib, 256*kib) || h.spared != 26*s { // the same
		t.Errorf("nothing was taken: spared until %v", h.spared)
	}
	if !h.takes(22*s, 256*kib, 128*kib) || h.spared != 30*s {
		t.Errorf("half was taken: spared until %v", h.spared)
	}
	if !h.takes(24*s, 384*kib, 128*kib) || h.spared != 32*s {
		t.Errorf("as much was handed over as was taken: spared until %v", h.spared)
	}
	if !h.takes(28*s, 384*kib, 1) || h.spared != 28*s {
		t.Errorf("nearly all was taken: spared until %v", h.spared)
	}
}

// waits runs a call's patience, within a limit if that is positive, while what of its answer comes in is told by come, and
// answers how it ended.
func waits(t *testing.T, sp *silentPool, limit time.Duration, come func(waiting context.Context, in *incoming, now func() int64) (done bool)) (bool, error) {
	t.Helper()
	s, err := sp.find(t.Context(), "a:1", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.leave()
	watch := time.NewTimer(time.Hour)
	defer watch.Stop()
	var in incoming
	w := s.patience(t.Context(), watch, 0, 0)
	if w.answer = &in; limit > 0 {
		w.over = w.begin + limit
		w.look(w.begin, w.due-w.begin)
	}
	done := make(chan struct{}, 1)
	waiting, stop := context.WithCancel(t.Context())
	var coming sync.WaitGroup
	coming.Go(func() {
		if come(waiting, &in, func() int64 { return int64(time.Since(sp.origin)) }) {
			done <- struct{}{}
		}
	})
	defer coming.Wait()
	defer stop()
	return w.await(done, nil)
}
