package pool_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The server closes a stream behind some of its answers. The next call must not
// cross with that.
func TestAStreamThatTheServerClosesBehindItsAnswerIsNotUsedAgain(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	const rounds = 100
	for range rounds {
		err := p.Call(within(t), s.Addr(), "No.Such", nil, nil)
		failed(t, err, pool.PhaseRemote, pool.Rejected, pool.ErrUnknownMethod)
		ping(t, p, s.Addr())
		err = p.Call(within(t), s.Addr(), "Echo.Count", "not a struct", nil)
		failed(t, err, pool.PhaseRemote, pool.Rejected, pool.ErrBadRequest)
		ping(t, p, s.Addr())
	}
	if st := p.Stats(); st.Streams != 2*rounds+1 || st.Dials != 1 || st.Failures != 2*rounds {
		t.Fatalf("%+v", st)
	}
}

// A FIN that has arrived is noticed before the stream is written to.
func TestAStreamThatTheServerHasClosedIsReplaced(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	echo := func() uint64 {
		before := p.Stats().BytesIn
		var got int
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", 7, &got); err != nil || got != 7 {
			t.Fatalf("%d, %v", got, err)
		}
		return before
	}
	echo()
	before := echo()
	plain := p.Stats().BytesIn - before
	const rounds = 30
	for i := range rounds {
		g := holdCalls(t, s)
		held := call(within(t), p, s.Addr(), "Test.Hold", 1)
		receive(t, "the request", g.entered)
		echo() // the second stream is open
		s.Inject(testutil.HalfClose().On("Echo.Echo").Times(1))
		before = echo()
		const fin = 12 // bytes
		await(t, "the FIN", func() bool { return p.Stats().BytesIn >= before+plain+fin })
		close(g.release) // this answer comes behind the FIN
		if r := receive(t, "the call", held); r.err != nil {
			t.Fatal(r.err)
		}
		opened := p.Stats().Streams
		echo() // on the stream that is left, whichever is looked at first
		if n := p.Stats().Streams - opened; n != 0 {
			t.Fatalf("round %d: %d streams opened beside the one that is there", i, n)
		}
		g = holdCalls(t, s)
		held = call(within(t), p, s.Addr(), "Test.Hold", 1)
		receive(t, "the request", g.entered)
		echo()
		close(g.release)
		if r := receive(t, "the call", held); r.err != nil {
			t.Fatal(r.err)
		}
		if n := p.Stats().Streams - opened; n != 1 {
			t.Fatalf("round %d: %d streams opened, want 1 in place of the closed one", i, n)
		}
	}
	if st := p.Stats(); st.Dials != 1 || st.Failures != 0 || st.Streams != 2+rounds {
		t.Fatalf("%+v", st)
	}
}

func TestAnErrorThatLeavesTheStreamOpenKeepsIt(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Inject(testutil.AppError("Echo.Echo", testutil.ErrTextPermissionDenied))
	for range 20 {
		err := p.Call(within(t), s.Addr(), "Echo.Echo", 1, nil)
		failed(t, err, pool.PhaseRemote, pool.Rejected, pool.ErrPermissionDenied)
	}
	if n := p.Stats().Streams; n != 1 {
		t.Fatalf("%d streams, want 1", n)
	}
}

func TestNoMoreStreamsAreKeptThanAllowed(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{MaxIdleStreams: 3})
	g := holdCalls(t, s)
	var all []<-chan result
	for i := range 10 {
		all = append(all, call(within(t), p, s.Addr(), "Test.Hold", i))
		receive(t, "the request", g.entered)
	}
	if st := p.Stats(); st.CallsInFlight != 10 || st.IdleStreams != 0 || st.Streams != 10 {
		t.Fatalf("while they run: %+v", st)
	}
	close(g.release)
	for i, c := range all {
		if r := receive(t, "a call", c); r.err != nil || r.reply != uint64(i) && r.reply != int64(i) {
			t.Fatalf("call %d: %v, %v", i, r.reply, r.err)
		}
	}
	if st := p.Stats(); st.CallsInFlight != 0 || st.IdleStreams != 3 {
		t.Fatalf("afterwards: %+v", st)
	}
	for range 10 {
		ping(t, p, s.Addr())
	}
	if n := p.Stats().Streams; n != 10 {
		t.Fatalf("%d streams, want no new one", n)
	}
}

func TestAServerThatSaysGoodbyeIsDialedAgainAndFinishesItsCalls(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	g := holdCalls(t, s)
	running := call(within(t), p, s.Addr(), "Test.Hold", "running")
	old := receive(t, "the request", g.entered)
	s.GoAway()
	// Without an idle stream the next call needs a new one, which it gets on a
	// session of its own as soon as the farewell has arrived.
	await(t, "a new session", func() bool { ping(t, p, s.Addr()); return p.Stats().Dials == 2 })
	next := call(within(t), p, s.Addr(), "Test.Hold", "next")
	if at := receive(t, "the request", g.entered); at == old {
		t.Fatalf("on the old connection %s", at)
	}
	close(g.release)
	for want, c := range map[string]<-chan result{"running": running, "next": next} {
		if r := receive(t, want, c); r.err != nil || r.reply != want {
			t.Fatalf("%s: %v, %v", want, r.reply, r.err)
		}
	}
	await(t, "the end of the old session", func() bool { return s.Counts().Open == 1 && p.Stats().Sessions == 1 })
}

// Streams that cross with the farewell are refused by yamux on the other side.
func TestNoCallIsLostWhenTheServerSaysGoodbye(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{MaxIdleStreams: 1}) // so most calls open one
	var wg sync.WaitGroup
	over, end := context.WithCancel(t.Context())
	var done tally
	for i := range done {
		wg.Go(func() {
			for over.Err() == nil {
				var got int
				if err := p.Call(within(t), s.Addr(), "Echo.Echo", i, &got); err != nil || got != i {
					t.Errorf("%d, %v; want %d", got, err, i)
					return
				}
				done[i].Add(1)
			}
		})
	}
	for range 10 {
		// A call tries three sessions: let those that run now come to their end.
		all := done.each()
		await(t, "one session, many calls", func() bool {
			st := p.Stats()
			return t.Failed() || st.Sessions == 1 && s.Counts().Open == 1 && all(5)
		})
		dials := p.Stats().Dials
		s.GoAway()
		await(t, "another dial", func() bool { return t.Failed() || p.Stats().Dials > dials })
	}
	end()
	wg.Wait()
	if st := p.Stats(); st.Failures != 0 {
		t.Fatalf("%+v", st)
	}
}

// tally counts the calls of each caller.
type tally [16]atomic.Int64

// each answers whether every caller has made so many calls since.
func (c *tally) each() func(n int64) bool {
	var before [len(tally{})]int64
	for i := range c {
		before[i] = c[i].Load()
	}
	return func(n int64) bool {
		for i := range c {
			if c[i].Load() < before[i]+n {
				return false
			}
		}
		return true
	}
}

func TestAStoppedPoolRefusesCalls(t *testing.T) {
	s := startServer(t)
	p, err := pool.New(pool.Far(pool.Config{}))
	noError(t, err)
	ping(t, p, s.Addr())
	stop(t, p.Stop)
	stop(t, p.Stop) // twice is fine
	failed(t, p.Call(within(t), s.Addr(), "Echo.Echo", 1, nil), pool.PhaseDial, pool.NotSent, pool.ErrStopped)
	if err := pool.Control(p).Retain(within(t), s.Addr()); !errors.Is(err, pool.ErrStopped) {
		t.Fatalf("Retain: %v", err)
	}
	if st := p.Stats(); st.Sessions != 0 {
		t.Fatalf("%+v", st)
	}
}
