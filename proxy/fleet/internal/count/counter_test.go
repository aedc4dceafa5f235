package count

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestPeaksAreThoseOfAllWindows(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	c := new(Counter)
	var bins [1200]int // 2 min, counted by hand
	at := time.Duration(0)
	for at < 119*time.Second {
		if at += time.Duration(rng.Int64N(int64(50 * time.Millisecond))); rng.IntN(50) == 0 {
			at += time.Duration(rng.Int64N(int64(15 * time.Second)))
		}
		at = min(at, 119*time.Second)
		c.Add(at)
		bins[at/Grain]++
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
			got, _ := c.Peak(w, time.Duration(from)*time.Second, time.Duration(1<<63-1))
			if got != want {
				t.Errorf("windows of %d from %d s on: %d, want %d", grains, from, got, want)
			}
		}
	}
}

func TestACounterOfAnHourIsSmall(t *testing.T) {
	t.Parallel()
	c := new(Counter)
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		c.Add(at)
	}
	if all, half, none := c.Sum(), c.Between(30*time.Minute, time.Hour), c.From(2*time.Hour); all != 3600 || half != 1800 || none != 0 {
		t.Errorf("%d in all, %d in half, %d beyond the end", all, half, none)
	}
	if steps := c.Steps(3601); steps[0] != 1 || steps[3599] != 1 || steps[3600] != 0 {
		t.Errorf("steps %v", steps)
	}
	if kept := cap(c.secs)*4 + cap(c.most)*12; kept > 100<<10 {
		t.Errorf("%d bytes are kept", kept)
	}
}

func TestACounterUntilATimeHasWhatCameBefore(t *testing.T) {
	t.Parallel()
	c := new(Counter)
	for _, at := range []time.Duration{0, time.Second, 2900 * time.Millisecond, 3 * time.Second, 3100 * time.Millisecond} {
		c.Add(at)
	}
	before := c.Until(3 * time.Second)
	most, _ := before.Peak(PerSecond, 0, time.Hour)
	later, _ := before.Peak(PerSecond, 3*time.Second, time.Hour)
	if before.Sum() != 3 || before.From(time.Second) != 2 || most != 3 || later != 0 || c.Sum() != 5 {
		t.Errorf("%d, %d, peaks %d and %d; %d in all", before.Sum(), before.From(time.Second), most, later, c.Sum())
	}
}
