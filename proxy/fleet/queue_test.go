package fleet

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Events come in the order of their times, those of one time as they were pushed, also
// while others are pushed in between.
func TestEventsComeInOrder(t *testing.T) {
	var q queue
	rng := rand.New(rand.NewPCG(1, 2))
	var want, got []event
	push := func(now time.Duration) {
		spans := []time.Duration{0, 1, time.Microsecond, time.Millisecond, time.Second, time.Minute, 20 * time.Minute, 9 * time.Hour, 200 * time.Hour}
		e := event{at: now + time.Duration(rng.Int64N(int64(spans[rng.IntN(len(spans))])+1)), gen: uint32(len(want))}
		want = append(want, e)
		q.push(e)
	}
	for range 5000 {
		push(0)
	}
	end := time.Duration(0)
	for len(got) < 20_000 {
		end += time.Duration(rng.Int64N(int64(time.Hour)))
		for q.ready(end) {
			e := q.pop()
			if e.at >= end {
				t.Fatalf("an event of %v before %v", e.at, end)
			}
			if got = append(got, e); len(want) < 20_000 {
				push(e.at)
			}
		}
	}
	slices.SortStableFunc(want, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("event %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	var q queue
	rng := rand.New(rand.NewPCG(1, 2))
	const pending = 1_000_000
	for range pending {
		q.push(event{at: time.Duration(rng.Int64N(int64(5 * time.Minute)))})
	}
	b.ReportAllocs()
	for b.Loop() {
		if !q.ready(never) {
			b.Fatal("none is left")
		}
		e := q.pop()
		e.at += time.Duration(rng.Int64N(int64(5 * time.Minute)))
		q.push(e)
	}
}
