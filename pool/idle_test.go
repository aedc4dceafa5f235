package pool_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// keeping does something with a session that is not reaped meanwhile, however slow
// the machine is: it is idle from the end on.
func keeping(tb testing.TB, p *pool.Pool, addr string, do func()) {
	tb.Helper()
	noError(tb, pool.Control(p).Retain(within(tb), addr))
	do()
	noError(tb, pool.Control(p).Retain(within(tb), ""))
}

// comesAndGoes has a session to s made and reaped: the reaper has been there. What
// becomes of the ping is all one, it may be late for the session.
func comesAndGoes(tb testing.TB, p *pool.Pool, s *testutil.Server) {
	tb.Helper()
	before := s.Counts().Accepted
	_, _ = p.Ping(within(tb), s.Addr())
	await(tb, "the reaper", func() bool { n := s.Counts(); return n.Accepted > before && n.Open == 0 })
}

func TestAnIdleSessionIsReaped(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{IdleTimeout: 20 * time.Millisecond})
	keeping(t, p, s.Addr(), func() { ping(t, p, s.Addr()) })
	await(t, "the reaper", func() bool { return p.Stats().Sessions == 0 && s.Counts().Open == 0 })
	keeping(t, p, s.Addr(), func() { ping(t, p, s.Addr()) })
	if st := p.Stats(); st.Dials != 2 || st.Failures != 0 {
		t.Fatalf("%+v", st)
	}
}

func TestARetainedSessionIsNotReaped(t *testing.T) {
	kept, other := startServer(t), startServer(t)
	p := newPool(t, pool.Config{IdleTimeout: 20 * time.Millisecond})
	noError(t, pool.Control(p).Retain(within(t), kept.Addr()))
	ping(t, p, kept.Addr())
	for range 5 {
		comesAndGoes(t, p, other)
	}
	if n := kept.Counts().Accepted; n != 1 || kept.Counts().Open != 1 {
		t.Fatalf("%d connections to the retained server", n)
	}
	noError(t, pool.Control(p).Retain(within(t), ""))
	await(t, "the reaper", func() bool { return kept.Counts().Open == 0 && p.Stats().Sessions == 0 })
}

func TestASessionWithACallOnItIsNotReaped(t *testing.T) {
	busy, other := startServer(t), startServer(t)
	p := newPool(t, pool.Config{IdleTimeout: 10 * time.Millisecond})
	g := holdCalls(t, busy)
	var c <-chan result
	keeping(t, p, busy.Addr(), func() {
		c = call(within(t), p, busy.Addr(), "Test.Hold", "held")
		receive(t, "the request", g.entered)
	})
	for range 5 {
		comesAndGoes(t, p, other)
	}
	ping(t, p, busy.Addr())
	if n := busy.Counts().Accepted; n != 1 {
		t.Fatalf("%d connections: the one with the call on it was given up", n)
	}
	close(g.release)
	if r := receive(t, "the call", c); r.err != nil || r.reply != "held" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
}

// Calls come together, about as long after the last ones as the reaper does, so it meets them as
// they enter: a timer is late, so the pause is not above idle. It begins when the last ones have
// ended: on a slow machine they take a part of any other, and the session would never be idle for
// long enough.
func TestReapingLosesNoCallThatEnters(t *testing.T) {
	const idle = 8 * time.Millisecond
	s, p := startServer(t), newPool(t, pool.Config{IdleTimeout: idle})
	ctx := within(t)
	var late atomic.Int64 // calls that no session waited for: each was over before they entered
	for range 20 {
		dials := p.Stats().Dials
		for p.Stats().Dials == dials { // until the reaper was there
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() {
					var got int
					err := p.Call(ctx, s.Addr(), "Echo.Echo", i, &got)
					e, _ := errors.AsType[*pool.CallError](err)
					if e != nil && e.Phase == pool.PhaseDial && (errors.Is(err, pool.ErrShortLived) || errors.Is(err, pool.ErrIdle)) {
						late.Add(1)
					} else if err != nil || got != i {
						t.Errorf("%d, %v; want %d", got, err, i)
					}
				})
			}
			wg.Wait()
			if t.Failed() {
				return
			}
			<-time.After(idle - rand.N(idle/16))
		}
	}
	if st := p.Stats(); st.Failures != uint64(late.Load()) {
		t.Fatalf("%+v", st)
	}
}
