package session

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// pathSum is what all call streams are allowed above mux.WindowSize each.
func pathSum(all map[*callStream]bool) (sum int64) {
	for l := range all {
		sum += max(0, l.meter.beyond.Load())
	}
	return sum
}

// Whatever becomes of call streams, what they are allowed is counted once, and given back once.
func TestWhatStreamsAreAllowedIsCountedOnce(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 17))
	for range 10 {
		r := newIdleRig(t, 6)
		p := &r.path
		p.need.Store(rnd.Int64N(2 * windowMost))
		all := make(map[*callStream]bool) // that were made
		var busy []*callStream
		now := int64(1)
		out := func() *callStream {
			if len(busy) == 0 {
				return nil
			}
			i := rnd.IntN(len(busy))
			l := busy[i]
			busy[i] = busy[len(busy)-1]
			busy = busy[:len(busy)-1]
			return l
		}
		for range 2000 {
			now += rnd.Int64N(1 << rnd.IntN(31))
			switch rnd.IntN(12) {
			case 0, 1:
				l := r.idle.take(&r.base)
				if !all[l] {
					l.meter.size += p.openWith(&l.meter.beyond)
					l.window = int(l.meter.size)
				}
				all[l] = true
				l.meter.restart(time.Duration(now))
				busy = append(busy, l)
			case 2:
				if l := out(); l != nil {
					l.put()
				}
			case 3:
				if l := out(); l != nil {
					l.discard()
				}
			case 4:
				r.Trim()
			default: // something comes in, also for one that is over
				for l := range all {
					if rnd.IntN(4) > 0 {
						continue
					}
					if l.window == 0 {
						t.Fatalf("the peer waits for leave for ever, of a window of %d", l.meter.size)
					}
					n := 1 + rnd.IntN(l.window)
					l.window -= n
					l.meter.came(p, n, now)
					if l.uncredited += n; int64(l.uncredited) >= l.meter.worth() {
						l.window += int(l.meter.leave(p, int64(l.uncredited), int64(l.window), rnd.Int64N(2*windowMost), now))
						l.uncredited = 0
					}
					if int64(l.window+l.uncredited) != l.meter.size || l.meter.size < mux.WindowSize || l.meter.size > windowMost {
						t.Fatalf("%d and %d, of a window of %d", l.window, l.uncredited, l.meter.size)
					}
					if at := l.meter.beyond.Load(); at >= 0 && at != l.meter.size-mux.WindowSize {
						t.Fatalf("%d are counted, of a window of %d", at, l.meter.size)
					}
				}
			}
			if sum, counted := pathSum(all), p.beyond.Load(); counted != sum || counted < 0 || counted > needMost {
				t.Fatalf("%d are counted, of %d", counted, sum)
			}
			if need := p.need.Load(); need < 0 || need > needMost {
				t.Fatalf("a path that needs %d", need)
			}
			if math.IsNaN(p.rate) || math.IsInf(p.rate, 0) || p.least < 0 {
				t.Fatalf("%v bytes a nanosecond, %d", p.rate, p.least)
			}
		}
		for l := out(); l != nil; l = out() {
			l.discard()
		}
		r.cancel(nil)
		r.idle.discard(100)
		if left := p.beyond.Load(); left != 0 {
			t.Fatalf("%d are counted in the end", left)
		}
	}
}

func TestAStreamThatIsOverAmidLeaveGivesAllBack(t *testing.T) {
	var p pathMeter
	for range 2000 {
		var one loan
		var both sync.WaitGroup
		both.Go(func() {
			for range 10 {
				p.lend(&one, 7, 1<<20)
				p.back(&one, 3)
			}
		})
		both.Go(func() { p.over(&one) })
		both.Wait()
	}
	if left := p.beyond.Load(); left != 0 {
		t.Errorf("%d are counted in the end", left)
	}
}
