package round

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// sink keeps allocations from being optimised away.
var sink [4][]byte

func TestARoundCountsTheOperationsOfItsWorkers(t *testing.T) {
	var n atomic.Int64
	g := New(Work{Workers: 4, Chunk: 1000, Timed: true, Do: func(_ context.Context, worker, chunk int) error {
		for range chunk { // far more than other goroutines allocate
			sink[worker] = make([]byte, 10_000)
		}
		n.Add(int64(chunk))
		return nil
	}})
	begin := time.Now()
	s, err := g.Round(t.Context(), time.Millisecond)
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
	if all := time.Duration(s.NS * float64(done)); all < time.Millisecond || all > time.Since(begin) {
		t.Errorf("%v altogether, in a round of 1ms that took at most %v", all, time.Since(begin))
	}
	if s.Allocs < 1 || s.Allocs > 1.5 || s.Bytes < 10_000 || s.Bytes > 20_000 || s.P99 <= 0 {
		t.Errorf("%+v", s)
	}
}

func TestARoundThatIsInterruptedOrFailsIsNoSample(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := New(Work{Workers: 1, Chunk: 1, Do: func(context.Context, int, int) error { cancel(); return nil }})
	if _, err := g.Round(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	g = New(Work{Workers: 2, Chunk: 1, Do: func(_ context.Context, worker, _ int) error {
		if worker == 1 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}})
	if _, err := g.Round(t.Context(), time.Millisecond); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want that of the worker", err)
	}
}
