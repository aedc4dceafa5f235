package pool

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// A stream whose caller has left while it was opened gets its mode byte, for which the
// server would wait in its accept loop, and nothing that it would act on. One for calls
// serves the next; the other one ends.
func TestAStreamWhoseCallerHasLeftIsOpenedWithItsModeByteAndNothingElse(t *testing.T) {
	p, srv, s, let := stuck(t)
	srv.HandleStream("Test.Never", func(context.Context, net.Conn) error {
		t.Error("the stream was acted on")
		return nil
	})
	ctx, leave := context.WithCancel(t.Context())
	var making sync.WaitGroup
	begin := func(make func() error) {
		making.Go(func() {
			if err := make(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	begin(func() error { _, err := p.Stream(ctx, srv.Addr(), "Test.Never"); return err })
	for range 2 { // one of these is on the stream that is idle
		begin(func() error { return p.Call(ctx, srv.Addr(), "Echo.Count", map[string]string{"ID": "left"}, nil) })
	}
	awaitTrue(t, "the openings", func() bool { return s.conn.Opens.Waiting() == 2 && asked(s) == 1 })
	leave()
	making.Wait()
	let()
	awaitTrue(t, "the streams", func() bool { st := p.Stats(); return st.IdleStreams == 2 && len(routesOf(s)) == 2 })
	held := make(chan struct{})
	srv.Handle("Test.Hold", func(context.Context, *testutil.Request) (any, error) { <-held; return nil, nil })
	making.Go(func() {
		if err := p.Call(t.Context(), srv.Addr(), "Test.Hold", nil, nil); err != nil {
			t.Error(err)
		}
	})
	awaitTrue(t, "the call", func() bool { return asked(s) == 1 })
	if _, err := p.Ping(t.Context(), srv.Addr()); err != nil {
		t.Error(err)
	}
	close(held)
	making.Wait()
	if n, st := srv.Executions("left"), p.Stats(); n != 0 || st.Dials != 1 || st.Streams != 3 {
		t.Fatalf("executed %d times, %+v", n, st)
	}
}
