package session

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
	srv, s := started(t)
	resume := paused(t, s)
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
	begin(func() error { _, _, err := open(ctx, s, "Test.Never"); return err })
	for range 2 { // one of these is on the stream that is idle
		begin(func() error { _, err := call(ctx, s, "Echo.Count", map[string]string{"ID": "left"}, nil); return err })
	}
	awaitTrue(t, "the openings", func() bool { return s.conn.Opens.Waiting() == 2 && asked(s) == 1 })
	leave()
	making.Wait()
	resume()
	awaitTrue(t, "the streams", func() bool { return s.IdleStreams() == 2 && len(routesOf(s)) == 2 })
	held := make(chan struct{})
	srv.Handle("Test.Hold", func(context.Context, *testutil.Request) (any, error) { <-held; return nil, nil })
	making.Go(func() {
		if _, err := call(t.Context(), s, "Test.Hold", nil, nil); err != nil {
			t.Error(err)
		}
	})
	awaitTrue(t, "the call", func() bool { return asked(s) == 1 })
	if _, err := call(t.Context(), s, PingMethod, nil, nil); err != nil {
		t.Error(err)
	}
	close(held)
	making.Wait()
	if n, opened := srv.Executions("left"), s.cfg.Counters.Streams.Load(); n != 0 || opened != 3 {
		t.Fatalf("executed %d times, %d streams", n, opened)
	}
}
