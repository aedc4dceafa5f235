package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sink keeps allocations from being optimised away.
var sink [4][]byte

func TestARoundCountsTheOperationsOfItsWorkers(t *testing.T) {
	var n atomic.Int64
	g := newGroup(entrant{workers: 4, chunk: 1000, timed: true, do: func(_ context.Context, worker, chunk int) error {
		for range chunk { // far more than other goroutines allocate
			sink[worker] = make([]byte, 10_000)
		}
		n.Add(int64(chunk))
		return nil
	}})
	begin := time.Now()
	s, err := g.round(t.Context(), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, d := range g.done {
		done += d
		if d == 0 {
			t.Error("a worker did nothing")
		}
	}
	if int64(done) != n.Load() {
		t.Errorf("%d operations were counted, %d done", done, n.Load())
	}
	if all := time.Duration(s.ns * float64(done)); all < time.Millisecond || all > time.Since(begin) {
		t.Errorf("%v altogether, in a round of 1ms that took at most %v", all, time.Since(begin))
	}
	if s.allocs < 1 || s.allocs > 1.5 || s.bytes < 10_000 || s.bytes > 20_000 || s.p99 <= 0 {
		t.Errorf("%+v", s)
	}
}

func TestARoundThatIsInterruptedOrFailsIsNoSample(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := newGroup(entrant{workers: 1, chunk: 1, do: func(context.Context, int, int) error { cancel(); return nil }})
	if _, err := g.round(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	g = newGroup(entrant{workers: 2, chunk: 1, do: func(_ context.Context, worker, _ int) error {
		if worker == 1 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}})
	if _, err := g.round(t.Context(), time.Millisecond); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want that of the worker", err)
	}
}

func TestTheMedianIsTheMiddleOrBetweenTheTwoThere(t *testing.T) {
	if got, want := spreadOf([]float64{5, 1, 9}), (spread{1, 5, 9}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := spreadOf([]float64{4, 1, 9, 2}), (spread{1, 3, 9}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// A ratio is taken within its round: a slow round does not show in it.
func TestRatiosAreThoseWithinARound(t *testing.T) {
	var samples [roles][]sample
	samples[ours] = []sample{{ns: 1}, {ns: 20}, {ns: 3}}
	samples[baseline] = []sample{{ns: 2}, {ns: 40}, {ns: 12}}
	r := summary("w", &samples)
	if *r.RatioToBaseline != 0.5 || *r.RatioToBaselineMin != 0.25 || *r.RatioToBaselineMax != 0.5 {
		t.Errorf("ratio %v, %v to %v", *r.RatioToBaseline, *r.RatioToBaselineMin, *r.RatioToBaselineMax)
	}
	if *r.OursNS != 3 || *r.BaselineNS != 12 || r.FloorNS != nil || r.RatioToFloor != nil || r.OursP99NS != nil {
		t.Errorf("%+v", r)
	}
}

func TestTheBaselinesLockLetsInOneAtATime(t *testing.T) {
	var l lockedList
	inside := 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				l.lock()
				inside++
				l.unlock()
			}
		})
	}
	all.Wait()
	if inside != 8000 {
		t.Errorf("%d of 8000 were counted", inside)
	}
}
