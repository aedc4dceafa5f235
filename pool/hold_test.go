package pool_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"unsafe"
	"weak"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// What a caller was given is the caller's alone: the streams that are kept for the
// next calls hold nothing of it.
func TestIdleStreamsHoldNothingOfTheRepliesTheyCarried(t *testing.T) {
	const calls, size = 8, 1 << 20
	s, p := startServer(t), newPool(t, pool.Config{})
	var together sync.WaitGroup // each on a stream of its own
	together.Add(calls)
	s.Handle("Test.Large", func(context.Context, *testutil.Request) (any, error) {
		together.Done()
		together.Wait()
		return dict{"Data": make([]byte, size)}, nil
	})
	var held [calls]weak.Pointer[byte]
	var all sync.WaitGroup
	for i := range held {
		all.Go(func() {
			var got dict
			if err := p.Call(within(t), s.Addr(), "Test.Large", dict{}, &got); err != nil {
				t.Error(err)
				return
			}
			data, _ := got["Data"].(string)
			if len(data) != size {
				t.Errorf("%d bytes, want %d", len(data), size)
				return
			}
			held[i] = weak.Make(unsafe.StringData(data))
		})
	}
	all.Wait()
	if n := p.Stats().IdleStreams; n != calls {
		t.Fatalf("%d idle streams, want %d", n, calls)
	}
	runtime.GC()
	runtime.GC() // what a stack still had when the first one began
	for i, data := range held {
		if data.Value() != nil {
			t.Errorf("the reply of call %d is held", i)
		}
	}
}
