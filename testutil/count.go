package testutil

import "sync/atomic"

// OpenCount counts what opens and ends: connections or streams.
type OpenCount struct {
	Open int64 // now
	Peak int64 // the most there were at once
	Ever int64 // all there ever were
}

func (o *OpenCount) open() {
	o.Open++
	o.Ever++
	o.Peak = max(o.Peak, o.Open)
}

// openTally is an OpenCount that any goroutine may change.
type openTally struct{ now, peak, ever atomic.Int64 }

func (t *openTally) open() {
	t.ever.Add(1)
	n := t.now.Add(1)
	for {
		peak := t.peak.Load()
		if n <= peak || t.peak.CompareAndSwap(peak, n) {
			return
		}
	}
}

func (t *openTally) end() { t.now.Add(-1) }

func (t *openTally) count() OpenCount {
	return OpenCount{Open: t.now.Load(), Peak: t.peak.Load(), Ever: t.ever.Load()}
}

// tally counts what a server sees.
type tally struct {
	accepted, streams, requests, reverse atomic.Int64
	conns                                openTally
}
