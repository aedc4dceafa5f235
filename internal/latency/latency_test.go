package latency_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/latency"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func Example() {
	var t latency.Table
	t.Track("10.0.0.1:4647", 0)
	for range 100 {
		t.Note("10.0.0.1:4647", time.Minute, 200*time.Microsecond)
	}
	q := t.Quantiles("10.0.0.1:4647", time.Minute)
	fmt.Println(q.Count, q.P50.Round(100*time.Microsecond))
	// Output: 100 200µs
}

func TestAQuantileIsWithinAnEighth(t *testing.T) {
	for took := 20 * time.Microsecond; took < time.Minute; took = took * 21 / 20 {
		var w latency.Window
		w.Note(0, took)
		q := w.Quantiles(0)
		if off := math.Abs(float64(q.P50-took)) / float64(took); q.Count != 1 || q.P50 != q.P99 || off > 0.125 {
			t.Errorf("%v is shown as %+v", took, q)
		}
	}
	for took, most := range map[time.Duration]time.Duration{-1: 16384, 0: 16384, 1: 16384, time.Hour: time.Hour, math.MaxInt64: time.Hour} {
		var w latency.Window
		if w.Note(0, took); w.Quantiles(0).P99 > most {
			t.Errorf("%v is shown as %v", took, w.Quantiles(0).P99)
		}
	}
}

func TestTheLastMinutesCount(t *testing.T) {
	var w latency.Window
	for minute := range 100 {
		at := time.Duration(minute) * time.Minute
		for range 99 {
			w.Note(at, time.Millisecond<<min(minute/50, 1)) // slower from the fiftieth minute on
		}
		w.Note(at, time.Second)
		q := w.Quantiles(at + 59*time.Second)
		if want := uint64(100 * min(minute+1, 5)); q.Count != want {
			t.Fatalf("minute %d: %d, want %d", minute, q.Count, want)
		}
		if slow := minute >= 53; minute != 50 && minute != 51 && minute != 52 && (q.P50 > 1500*time.Microsecond) != slow {
			t.Errorf("minute %d: %v", minute, q.P50)
		}
		if q.P99 > 3*time.Millisecond {
			t.Errorf("minute %d: of a hundred the largest but one is %v", minute, q.P99)
		}
	}
	if q := w.Quantiles(105 * time.Minute); q != (latency.Quantiles{Total: 10_000}) {
		t.Errorf("%+v of long ago", q)
	}
	w.Note(0, time.Second)
	if q := w.Quantiles(99 * time.Minute); q.Count != 500 {
		t.Errorf("%+v with one of long ago", q)
	}
}

func TestASeriesHasTheMedianOfEachHalfMinute(t *testing.T) {
	var w latency.Window
	if q := w.Quantiles(time.Hour); q != (latency.Quantiles{}) {
		t.Errorf("%+v of nothing", q)
	}
	near := func(got, want time.Duration) bool {
		return got >= want*7/8 && got <= want*9/8
	}
	// In each half minute one call more than in the last, which takes 1 ms more; none in every
	// fourth.
	for n := range 40 {
		at := time.Duration(n)*30*time.Second + 29*time.Second
		for range n % 4 {
			w.Note(at, time.Duration(n+1)*time.Millisecond)
			w.Note(at, time.Minute) // the median is the lower one
		}
		q := w.Quantiles(at)
		for i, got := range q.Series {
			slot := n - len(q.Series) + 1 + i
			switch {
			case slot < 0 || slot%4 == 0:
				if got != 0 {
					t.Errorf("at %d slot %d, in which there was no call, has %v", n, slot, got)
				}
			case !near(got, time.Duration(slot+1)*time.Millisecond):
				t.Errorf("at %d slot %d has %v", n, slot, got)
			}
		}
	}
	if q := w.Quantiles(40*30*time.Second + 29*time.Second); q.Series[9] != 0 || !near(q.Series[8], 40*time.Millisecond) {
		t.Errorf("half a minute later the series is %v", q.Series)
	}
	var read latency.Quantiles
	if n := testing.AllocsPerRun(100, func() { read = w.Quantiles(20 * time.Minute) }); n != 0 || read.Count == 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestATableIsBoundedAndForgetsWhatIsNotUsed(t *testing.T) {
	var table latency.Table
	for i := range 1000 {
		addr := fmt.Sprint("h", i)
		table.Track(addr, 0)
		table.Track(addr, 0)
		table.Note(addr, 0, time.Millisecond)
	}
	shown := func(at time.Duration) (n int) {
		for i := range 2000 {
			if table.Quantiles(fmt.Sprint("h", i), at).Count > 0 {
				n++
			}
		}
		return n
	}
	if n := shown(0); n != 128 {
		t.Errorf("%d servers", n)
	}
	table.Track("h1999", time.Hour)
	table.Note("h1999", time.Hour, time.Millisecond)
	if n := shown(time.Hour); n != 1 {
		t.Errorf("%d servers an hour later", n)
	}
	if n := testing.AllocsPerRun(100, func() { table.Note("h1999", time.Hour, time.Second) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
