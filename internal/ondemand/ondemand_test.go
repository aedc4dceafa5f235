package ondemand_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAllGoroutinesGetTheSame(t *testing.T) {
	for range 200 {
		var place atomic.Pointer[int]
		var got [8]*int
		var created atomic.Int64
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { got[i] = ondemand.Get(&place, func() *int { return new(int(created.Add(1))) }) })
		}
		all.Wait()
		for _, g := range got {
			if g == nil || g != place.Load() {
				t.Fatalf("%v, and the place has %p", got, place.Load())
			}
		}
		before := created.Load()
		if ondemand.Get(&place, func() *int { return new(int(created.Add(1))) }); created.Load() != before {
			t.Fatal("it is created again")
		}
	}
}
