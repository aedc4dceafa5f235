package session

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// However calls end, what their streams were allowed is given back, or is that of streams that wait.
func TestWhatStreamsWereAllowedIsGivenBackHoweverTheirCallsEnd(t *testing.T) {
	srv, s := started(t)
	srv.Handle("Test.Large", func(context.Context, *testutil.Request) (any, error) {
		return make([]byte, rand.IntN(1<<20)), nil
	})
	s.path.need.Store(windowMost)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(10*time.Millisecond)<<(6*rand.IntN(2)))
				var reply []byte
				_, _ = call(ctx, s, "Test.Large", nil, &reply)
				cancel()
				if all := s.path.beyond.Load(); all < 0 || all > needMost {
					t.Errorf("%d are counted", all)
				}
			}
		})
	}
	callers.Wait()
	awaitTrue(t, "the openings' end", func() bool { return s.conn.Opens.Waiting() <= 0 })
	awaitTrue(t, "what is given back", func() bool {
		s.idle.discard(1000)
		return s.path.beyond.Load() == 0
	})
}
