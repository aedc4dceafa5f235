package proxy_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// One server is dead and silent, one lives: the heartbeat is answered within a slice of
// its time, long before anybody can be sure of the silence.
func TestAHeartbeatIsInTimeWhileItsServerIsFrozen(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2)
	// The pool would need an hour to find out.
	p := startProxy(t, proxy.Config{Servers: c.Addrs(), Pool: pool.Config{SilenceLimit: far}})
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	front := active(t, p)
	c.ServerAt(front.Addr).Freeze()
	t.Cleanup(c.ServerAt(front.Addr).Thaw)
	const ttl = 3 * time.Second
	begin, watch := time.Now(), testutil.StartStopwatch(t)
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithSoftDeadline(begin.Add(ttl))); err != nil {
		t.Fatal(err)
	}
	if ran := watch.Elapsed(); ran > ttl {
		t.Fatalf("landed after %v, of which %v were run", time.Since(begin), ran)
	}
	if active(t, p) != front {
		t.Fatal("a server was left that has only not answered in its slice")
	}
}

// All servers are alive and need longer than a slice. The call succeeds all
// the same, a moment late, and none of them is left.
func TestALateHeartbeatSucceedsAlthoughEveryServerIsSlow(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	for i := range c.Addrs() {
		c.Server(i).Handle("Slow.Beat", func(ctx context.Context, _ *testutil.Request) (any, error) {
			slow := time.NewTimer(700 * time.Millisecond)
			defer slow.Stop()
			select {
			case <-slow.C:
			case <-ctx.Done():
			}
			return struct{}{}, nil
		})
	}
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front, ctx := active(t, p), within(t)
	// A machine that stands still may have the first attempt answered after all; then
	// nothing was shown yet.
	for beats, sent := int64(1), int64(0); sent <= beats; beats++ {
		if err := p.Call(ctx, "Slow.Beat", struct{}{}, nil,
			proxy.WithSoftDeadline(time.Now().Add(time.Second)), proxy.WithClass(proxy.Idempotent)); err != nil {
			t.Fatal(err)
		}
		sent = 0
		for i := range c.Addrs() {
			sent += c.Server(i).Counts().Methods["Slow.Beat"]
		}
		// Two slices of half a second, then one of two; a pass more if it stood still.
		if sent > 9*beats {
			t.Fatalf("%d requests for %d heartbeats", sent, beats)
		}
	}
	if active(t, p) != front {
		t.Error("a server was left that is only slow")
	}
}

// An AtMostOnce call is not sent again, with a soft deadline or without.
func TestASliceDoesNotRepeatACallThatMayHaveBeenExecuted(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	front := active(t, p)
	s := c.ServerAt(front.Addr)
	s.Inject(testutil.Mute())
	for ctx := within(t); ; {
		err := p.Call(ctx, "Echo.Count", counted{"x"}, nil, proxy.WithSoftDeadline(time.Now().Add(time.Second)))
		if call, ok := errors.AsType[*proxy.CallError](err); ok && call.Outcome == pool.MaybeExecuted && call.Attempts == 1 {
			return
		}
		// A slice may be over before anything was sent, on a slow machine; then the
		// call may go on. What the server has read, no other may be given.
		if n := s.Counts().Methods["Echo.Count"]; n != 0 || active(t, p) != front || ctx.Err() != nil {
			t.Fatalf("%v, after the server in front had read %d requests", err, n)
		}
	}
}
