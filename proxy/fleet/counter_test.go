package fleet

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestPeaksAreThoseOfAllWindows(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	c := new(counter)
	var bins [1200]int // 2 min, counted by hand
	at := time.Duration(0)
	for at < 119*time.Second {
		if at += time.Duration(rng.Int64N(int64(50 * time.Millisecond))); rng.IntN(50) == 0 {
			at += time.Duration(rng.Int64N(int64(15 * time.Second)))
		}
		at = min(at, 119*time.Second)
		c.add(at)
		bins[at/grain]++
	}
	for w, grains := range width {
		for _, from := range []int{0, 7, 60, 119} { // seconds
			want := 0
			for first := from * 10; first < len(bins); first++ {
				sum := 0
				for _, n := range bins[first:min(first+grains, len(bins))] {
					sum += n
				}
				want = max(want, sum)
			}
			got, _ := c.peak(w, time.Duration(from)*time.Second, never)
			if got != want {
				t.Errorf("windows of %d from %d s on: %d, want %d", grains, from, got, want)
			}
		}
	}
}

func TestACounterOfAnHourIsSmall(t *testing.T) {
	t.Parallel()
	c := new(counter)
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		c.add(at)
	}
	check(t, "sum", c.sum, 3600)
	check(t, "half of it", c.between(30*time.Minute, time.Hour), 1800)
	check(t, "beyond the end", c.from(2*time.Hour), 0)
	if kept := cap(c.secs)*4 + cap(c.most)*12; kept > 100<<10 {
		t.Errorf("%d bytes are kept", kept)
	}
}
