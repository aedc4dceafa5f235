package pool_test

import (
	"context"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestACallThatIsCancelledReturnsAtOnce(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	c := call(ctx, p, s.Addr(), "Test.Hold", 1)
	receive(t, "the request", g.entered)
	cancel()
	lost(t, receive(t, "the call", c).err, context.Canceled)
	close(g.release)
}

func TestACallEndsWithItsDeadline(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Inject(testutil.Mute().On("Echo.Echo"))
	ping(t, p, s.Addr())
	ctx, expire := deadline(t)
	c := call(ctx, p, s.Addr(), "Echo.Echo", 1)
	await(t, "the request", func() bool { return s.Counts().Methods["Echo.Echo"] == 1 })
	if len(c) > 0 {
		t.Fatalf("%+v before the deadline", <-c)
	}
	expire()
	lost(t, receive(t, "the call", c).err, context.DeadlineExceeded)
	ping(t, p, s.Addr())
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials: a call that gives up is no reason to leave the session", n)
	}
}

// The stream of a cancelled call serves no other: it may still get the old reply.
func TestTheStreamOfACancelledCallIsNotUsedAgain(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	const rounds = 20
	for range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		c := call(ctx, p, s.Addr(), "Test.Hold", "old")
		receive(t, "the request", g.entered)
		cancel()
		lost(t, receive(t, "the call", c).err, context.Canceled)
		await(t, "the call's end", func() bool { return p.Stats().CallsInFlight == 0 })
		if n := p.Stats().IdleStreams; n != 0 {
			t.Fatalf("%d streams are kept for the next call", n)
		}
	}
	close(g.release)
	for i := range 10 {
		var got int
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", i, &got); err != nil || got != i {
			t.Fatalf("%d, %v; want %d", got, err, i)
		}
	}
	if st := p.Stats(); st.Streams != rounds+1 || st.Dials != 1 || st.IdleStreams != 1 {
		t.Fatalf("%+v", st)
	}
}

// Whenever the caller leaves, what the next one gets is the answer to its own
// question.
func TestCallsThatAreCancelledAtAnyMomentDisturbNoOthers(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{MaxIdleStreams: 4})
	ping(t, p, s.Addr())
	for i := range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		c := call(ctx, p, s.Addr(), "Echo.Echo", "cancelled")
		go cancel()
		var got int
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", i, &got); err != nil || got != i {
			t.Fatalf("%d, %v; want %d", got, err, i)
		}
		if r := receive(t, "the call", c); r.err == nil && r.reply != "cancelled" {
			t.Fatalf("a cancelled call was answered %v", r.reply)
		}
	}
	await(t, "the calls", func() bool { return p.Stats().CallsInFlight == 0 })
	if st := p.Stats(); st.Dials != 1 {
		t.Fatalf("%+v", st)
	}
}

// pausing is a context that the test ends, for the reason it gives.
type pausing struct {
	context.Context
	done chan struct{}
	why  error
}

// deadline is a context whose deadline is over when the test calls expire.
func deadline(tb testing.TB) (ctx context.Context, expire func()) {
	c := pausing{tb.Context(), make(chan struct{}), context.DeadlineExceeded}
	return c, func() { close(c.done) }
}

func (c pausing) Done() <-chan struct{} { return c.done }

func (c pausing) Err() error {
	select {
	case <-c.done:
		return c.why
	default:
		return nil
	}
}

// A reply and the end of the context come together: once the reply is there it
// is returned, so a call that returns as cancelled was not answered. What the
// server ran and the caller's view must not differ the other way round.
func TestAReplyThatIsThereWins(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	answered := 0
	for range 200 {
		ctx := pausing{t.Context(), make(chan struct{}), context.Canceled}
		s.Handle("Test.Race", func(context.Context, *testutil.Request) (any, error) {
			close(ctx.done) // as the answer goes out
			return "there", nil
		})
		var got string
		switch err := p.Call(ctx, s.Addr(), "Test.Race", nil, &got); {
		case err == nil && got == "there":
			answered++
		case err == nil || got != "":
			t.Fatalf("%q, %v", got, err)
		default:
			e := as[*pool.CallError](t, err)
			if e.Outcome != pool.MaybeExecuted || e.Err != context.Canceled {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d of 200 were answered", answered)
}
