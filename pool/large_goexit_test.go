package pool_test

import (
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

// A server answers while it is sent the request, and the codec ends its goroutine then: whoever reads
// the answer uses nothing that the call has given up. (The race detector sees it if not.)
func TestAnAnswerComesWhileTheCodecEndsItsGoroutine(t *testing.T) {
	p := newPool(t, pool.Config{})
	const frames, each = 200, 1 << 10
	all := answer(t, 1, make([]byte, frames*each))
	head, body := all[:len(all)-frames*each], all[len(all)-frames*each:]
	for came := range 12 { // frames before the end
		f, now, gone := startFramePeer(t), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(gone)
			leaves := later{func() ([]byte, error) { <-now; runtime.Goexit(); return nil, nil }}
			_ = p.Call(within(t), f.addr, "X.Y", &pieces{First: make([]byte, firstPart/2), Second: leaves}, nil)
		}()
		f.opened(1)
		f.says(frameOf(kindWindow, ackFlag, 1, 0, nil), frameOf(kindData, 0, 1, 0, head))
		for i := range frames {
			if i == came {
				f.settle()
				close(now)
			}
			f.says(frameOf(kindData, 0, 1, 0, body[i*each:(i+1)*each]))
		}
		receive(t, "the end of the goroutine", gone)
		f.settle() // the session lives
		if st := p.Stats(); st.CallsInFlight != 0 || st.Sessions != came+1 {
			t.Fatalf("%+v", st)
		}
	}
}

// One whose whole answer was there by then holds up no call behind it: that is written at once.
func TestACodecThatEndsItsGoroutineBehindTheAnswerHoldsNobodyUp(t *testing.T) {
	f, p := startFramePeer(t), newPool(t, pool.Config{})
	now, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		leaves := later{func() ([]byte, error) { <-now; runtime.Goexit(); return nil, nil }}
		_ = p.Call(within(t), f.addr, "X.Y", &pieces{First: make([]byte, 100<<10), Second: leaves}, nil)
	}()
	f.opened(1)
	for left := 64 << 10; left > 0; { // and no more of it is made until now
		left -= len(f.next(kindData, 0, 1).body)
	}
	f.says(frameOf(kindWindow, ackFlag, 1, 0, nil))
	small := func(seq uint64) {
		t.Helper()
		asked := call(within(t), p, f.addr, "X.Z", "small")
		if seq == 2 {
			f.opened(3)
			f.says(frameOf(kindWindow, ackFlag, 3, 0, nil))
		}
		f.next(kindData, 0, 3)
		f.says(frameOf(kindData, 0, 3, 0, answer(t, seq, "fine")))
		if r := receive(t, "the call", asked); r.err != nil || r.reply != "fine" {
			t.Fatalf("%v, %v", r.reply, r.err)
		}
	}
	small(2)
	f.says(frameOf(kindData, 0, 1, 0, answer(t, 1, "too large")))
	f.settle()
	close(now)
	receive(t, "the end of the goroutine", gone)
	f.next(kindWindow, finFlag, 1)
	small(3)
}
