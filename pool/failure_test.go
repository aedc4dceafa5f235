package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAServerThatIsKilledFailsTheCallsOnIt(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	const n = 50
	var all []<-chan result
	for i := range n {
		all = append(all, call(within(t), p, s.Addr(), "Test.Hold", i))
		receive(t, "the request", g.entered)
	}
	s.Kill()
	for _, c := range all {
		err := receive(t, "the call", c).err
		lost(t, err, syscall.ECONNRESET)
	}
	await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
}

func TestAServerThatShutsDownFailsTheCallsOnIt(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	c := call(within(t), p, s.Addr(), "Test.Hold", 1)
	receive(t, "the request", g.entered)
	s.Shutdown()
	lost(t, receive(t, "the call", c).err, nil)
}

func TestAServerThatCameBackIsRedialedWithoutAnError(t *testing.T) {
	for name, end := range map[string]func(*testutil.Server){"killed": (*testutil.Server).Kill, "shut down": (*testutil.Server).Shutdown} {
		t.Run(name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{})
			for i := range 5 {
				ping(t, p, s.Addr())
				end(s)
				await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
				noError(t, s.Restart())
				ping(t, p, s.Addr())
				if st := p.Stats(); st.Dials != uint64(i+2) || st.Failures != 0 {
					t.Fatalf("%+v", st)
				}
			}
		})
	}
}

// The call may notice the end before the owner of the sessions does.
func TestACallThatMeetsADeadSessionRedialsOrReportsItsOutcome(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	for range 30 {
		ping(t, p, s.Addr())
		noError(t, s.Restart())
		_, err := p.Ping(within(t), s.Addr())
		if e, ok := errors.AsType[*pool.CallError](err); err != nil && (!ok || e.Phase < pool.PhaseWrite || e.Outcome != pool.MaybeExecuted) {
			t.Fatalf("%v: what was not sent must be sent elsewhere", err)
		}
		await(t, "a session", func() bool { _, err := p.Ping(within(t), s.Addr()); return err == nil })
	}
}

func TestAConnectionThatEndsInTheMiddleMayHaveExecutedTheCall(t *testing.T) {
	for _, c := range []struct {
		fault testutil.Fault
		ran   int
		last  pool.Phase
	}{
		{testutil.DropAfterRead(), 0, pool.PhaseFlushed},
		{testutil.ExecuteThenReset(), 1, pool.PhaseFlushed},
		// Half of a reply and the end: the half may be lost with the connection.
		{testutil.CloseMidReply(), 1, pool.PhaseRead},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{})
			ping(t, p, s.Addr())
			s.Inject(c.fault.On("Echo.Count").Times(1))
			var got testutil.EchoCount
			err := p.Call(within(t), s.Addr(), "Echo.Count", dict{"ID": "x"}, &got)
			e := as[*pool.CallError](t, err)
			if e.Outcome != pool.MaybeExecuted || e.Phase < pool.PhaseWrite || e.Phase > c.last {
				t.Fatalf("%v: phase %v, want %v at the latest", err, e.Phase, c.last)
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Fatalf("cause %v", e.Err)
			}
			if got != (testutil.EchoCount{}) || s.Executions("x") != c.ran {
				t.Fatalf("%+v, ran %d times, want %d", got, s.Executions("x"), c.ran)
			}
			await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
			ping(t, p, s.Addr())
		})
	}
}

// The caller leaves while the session ends under it.
func TestCancellingWhileTheServerDiesIsHarmless(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	for i := range 30 {
		ping(t, p, s.Addr()) // or a session on which no call is answered would count as a failed dial
		ctx, cancel := context.WithCancel(t.Context())
		var all []<-chan result
		for j := range 8 {
			all = append(all, call(ctx, p, s.Addr(), "Test.Hold", fmt.Sprint(i, j)))
			receive(t, "the request", g.entered)
		}
		go cancel()
		noError(t, s.Restart())
		for _, c := range all {
			err := receive(t, "the call", c).err
			if e := as[*pool.CallError](t, err); e.Outcome != pool.MaybeExecuted {
				t.Fatal(err)
			}
		}
		// A caller that has left may not know of the end yet, and the next would be lost with it.
		await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
	}
	await(t, "the calls", func() bool { return p.Stats().CallsInFlight == 0 })
}
