package main

import (
	"runtime"
	"sync/atomic"
	"time"
)

// heap is the number of bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools kept over the first is gone with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// trough is the least of many readings: the heap goes up with every large call
// under way and every session that keeps buffers, and down again. Only what
// never comes down is lost.
type trough struct {
	from, to time.Duration // when it is read, from the beginning of the soak
	bytes    uint64        // 0: it was never read
}

func (t *trough) read(now time.Duration) {
	if now < t.from || now > t.to {
		return
	}
	if n := heap(); t.bytes == 0 || n < t.bytes {
		t.bytes = n
	}
}

// The heap may be at the end what it was in the middle, half as much more, and
// this.
const heapSlack = 8 << 20

func isFlat(middle, end uint64) bool { return end <= middle+middle/2+heapSlack }

// judgeable is the shortest soak whose heap can be judged: before the middle is
// read, the ledger must hold as much as it ever will.
const judgeable = 4 * quarantine

// watermark follows the number of goroutines.
type watermark struct {
	most  atomic.Int64
	quit  chan struct{}
	ended chan struct{}
}

func openWatermark() *watermark {
	w := &watermark{quit: make(chan struct{}), ended: make(chan struct{})}
	w.most.Store(int64(runtime.NumGoroutine()))
	go func() {
		defer close(w.ended)
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for {
			w.most.Store(max(w.most.Load(), int64(runtime.NumGoroutine())))
			select {
			case <-look.C:
			case <-w.quit:
				return
			}
		}
	}()
	return w
}

func (w *watermark) close() {
	close(w.quit)
	<-w.ended
}

// stacks is where all goroutines are.
func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}
