package pool_test

import (
	"sync"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestAnIdleSessionIsReaped(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{IdleTimeout: 20 * time.Millisecond})
	ping(t, p, s.Addr())
	await(t, "the reaper", func() bool { return p.Stats().Sessions == 0 && s.Counts().Open == 0 })
	ping(t, p, s.Addr())
	if st := p.Stats(); st.Dials != 2 || st.Failures != 0 {
		t.Fatalf("%+v", st)
	}
}

func TestARetainedSessionIsNotReaped(t *testing.T) {
	kept, other := startServer(t), startServer(t)
	p := newPool(t, pool.Config{IdleTimeout: 20 * time.Millisecond})
	if err := p.Retain(within(t), kept.Addr()); err != nil {
		t.Fatal(err)
	}
	ping(t, p, kept.Addr())
	for range 5 { // the other comes and goes: the reaper has been there meanwhile
		ping(t, p, other.Addr())
		await(t, "the reaper", func() bool { return other.Counts().Open == 0 })
	}
	if n := kept.Counts().Accepted; n != 1 || kept.Counts().Open != 1 {
		t.Fatalf("%d connections to the retained server", n)
	}
	if err := p.Retain(within(t), ""); err != nil {
		t.Fatal(err)
	}
	await(t, "the reaper", func() bool { return kept.Counts().Open == 0 && p.Stats().Sessions == 0 })
}

func TestASessionWithACallOnItIsNotReaped(t *testing.T) {
	busy, other := startServer(t), startServer(t)
	p := newPool(t, pool.Config{IdleTimeout: 10 * time.Millisecond})
	g := holdCalls(t, busy)
	c := call(within(t), p, busy.Addr(), "Test.Hold", "held")
	receive(t, "the request", g.entered)
	for range 5 {
		ping(t, p, other.Addr())
		await(t, "the reaper", func() bool { return other.Counts().Open == 0 })
	}
	close(g.release)
	if r := receive(t, "the call", c); r.err != nil || r.reply != "held" {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
}

// Calls come together, at the pace of the reaper, so it meets them as they enter.
func TestReapingLosesNoCallThatEnters(t *testing.T) {
	const idle = 8 * time.Millisecond
	s, p := startServer(t), newPool(t, pool.Config{IdleTimeout: idle})
	tick := time.NewTicker(idle + idle/16)
	defer tick.Stop()
	ctx := within(t)
	for range 20 {
		dials := p.Stats().Dials
		for p.Stats().Dials == dials { // until the reaper was there
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() {
					var got int
					if err := p.Call(ctx, s.Addr(), "Echo.Echo", i, &got); err != nil || got != i {
						t.Errorf("%d, %v; want %d", got, err, i)
					}
				})
			}
			wg.Wait()
			if t.Failed() {
				return
			}
			<-tick.C
		}
	}
	if st := p.Stats(); st.Failures != 0 {
		t.Fatalf("%+v", st)
	}
}
