package latency

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
)

// The window is made of slots of half a minute. The one that is being filled counts too, so a
// quantile is of the last four and a half to five minutes.
const (
	slots    = 10
	slotTime = 30 * time.Second
)

// Span is the most that a Window reaches back.
const Span = slots * slotTime

// Buckets are four to an octave, from 16 µs to beyond a minute: a quantile is at most an
// eighth away from the time that it stands for.
const (
	smallest = 14 // the first bucket ends at 1<<14 ns
	octaves  = 22
	perOct   = 4
	buckets  = octaves*perOct + 2
)

// Window is the times of the last minutes. The zero value is empty. Any number of goroutines
// may use it. A time that is noted while a slot begins anew may be lost.
type Window struct {
	slots [slots]atomic.Pointer[slot] // each is made when it is needed
	total atomic.Uint64
}

type slot struct {
	number atomic.Int64 // of the slots since the clock began, from one; 0: it is empty
	counts [buckets]atomic.Uint32
}

// bucket is the one of a time.
func bucket(took time.Duration) int {
	n := uint64(max(took, 0))
	if n < 1<<smallest {
		return 0
	}
	octave := bits.Len64(n) - 1
	quarter := n >> (octave - 2) & (perOct - 1)
	return min((octave-smallest)*perOct+int(quarter)+1, buckets-1)
}

// middle is the time that a bucket stands for.
func middle(b int) time.Duration {
	if b == 0 {
		return 1 << (smallest - 1)
	}
	octave, quarter := (b-1)/perOct+smallest, (b-1)%perOct
	width := int64(1) << (octave - 2)
	return time.Duration((perOct+int64(quarter))*width + width/2)
}

// Note adds a time, at a moment on any clock that begins at or after zero and goes on. It
// does not block, and allocates once for each slot.
func (w *Window) Note(at, took time.Duration) {
	w.total.Add(1)
	number := int64(at/slotTime) + 1
	s := ondemand.Get(&w.slots[number%slots], func() *slot { return new(slot) })
	if was := s.number.Load(); was != number {
		if was > number {
			return // it took longer than the window to come here
		}
		if s.number.CompareAndSwap(was, number) {
			for i := range s.counts {
				s.counts[i].Store(0)
			}
		}
	}
	s.counts[bucket(took)].Add(1)
}

// Quantiles are what a Window shows.
type Quantiles struct {
	Total    uint64        // how many times there were, whatever their age
	Count    uint64        // of those in the window; 0: there is none, and the quantiles are zero
	P50, P99 time.Duration // within an eighth

	// Series is the P50 of each slot, the oldest first, the one that is being filled last; 0:
	// there was none in it.
	Series [slots]time.Duration
}

// Quantiles reads the window at a moment on the clock of Note.
func (w *Window) Quantiles(at time.Duration) (q Quantiles) {
	q.Total = w.total.Load()
	oldest := int64(at/slotTime) + 1 - (slots - 1)
	var sums [buckets]uint64
	for i := range w.slots {
		s := w.slots[i].Load()
		if s == nil {
			continue
		}
		age := s.number.Load() - oldest // from 0, the oldest
		if age < 0 || s.number.Load() == 0 {
			continue
		}
		var own [buckets]uint64
		var count uint64
		for b := range s.counts {
			own[b] = uint64(s.counts[b].Load())
			sums[b] += own[b]
			count += own[b]
		}
		if q.Count += count; count > 0 {
			q.Series[min(age, slots-1)] = quantile(&own, (count+1)/2)
		}
	}
	if q.Count > 0 {
		q.P50, q.P99 = quantile(&sums, (q.Count+1)/2), quantile(&sums, q.Count-q.Count/100)
	}
	return q
}

// quantile is the n-th smallest time.
func quantile(sums *[buckets]uint64, n uint64) time.Duration {
	for b, count := range sums {
		if count >= n {
			return middle(b)
		}
		n -= count
	}
	return middle(buckets - 1)
}

// used reports whether anything was noted within the window.
func (w *Window) used(at time.Duration) bool { return w.Quantiles(at).Count > 0 }
