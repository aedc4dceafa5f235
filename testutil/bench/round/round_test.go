package round

import (
	"context"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
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

func TestTheProcessorTimeOfARoundIsCounted(t *testing.T) {
	if CPU() == 0 {
		t.Skip("the platform does not tell")
	}
	g := New(Work{Workers: 1, Chunk: 1, Do: func(context.Context, int, int) error {
		for begin := CPU(); CPU() < begin+20*time.Millisecond; {
		}
		return nil
	}})
	s, err := g.Round(t.Context(), time.Nanosecond)
	if err != nil {
		t.Fatal(err)
	}
	if s.Calls != 1 || s.CPU < 20e6 {
		t.Errorf("%d operations of %v ns, want one of 20 ms or more", s.Calls, s.CPU)
	}
}

func TestThePeakIsTheMostMemoryNotWhatThereIs(t *testing.T) {
	before := Peak()
	if before == 0 {
		t.Skip("the platform does not tell")
	}
	const more = 64 << 20
	func() {
		b := make([]byte, before+more)
		for i := range b {
			b[i] = 1
		}
		runtime.KeepAlive(b)
	}()
	debug.FreeOSMemory()
	if after := Peak(); after < before+more {
		t.Errorf("%d bytes, and %d after %d more", before, after, before+more)
	}
}
