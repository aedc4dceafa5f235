package pool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
)

// hungPool is a pool whose server sends bytes all the time and answers no call, while
// another server answers as soon as it is asked about.
func hungPool(t *testing.T) (sp *silentPool, down *atomic.Int64) {
	down = new(atomic.Int64)
	hooks := poolhooks.Hooks{
		Suspect: func(addr string) { go func() { _ = Control(sp.Pool).Corroborate(context.Background(), addr) }() },
		Down: func(_ string, err error) {
			if !errors.Is(err, ErrNotServing) {
				t.Errorf("down for %v", err)
			}
			down.Add(1)
		},
	}
	sp = newSilentPool(t, Config{}, hooks)
	ctx, stop := context.WithCancel(t.Context())
	var ticking sync.WaitGroup
	dial := sp.open
	sp.open = func(dialing context.Context, addr string, id uint64) (*connection, error) {
		s, err := dial(dialing, addr, id)
		if s != nil {
			ticking.Go(func() {
				for !s.Ended() && ctx.Err() == nil {
					time.Sleep(100 * time.Millisecond)
					s.conn.Signs.Read.Store(int64(time.Since(sp.origin)))
				}
			})
		}
		return s, err
	}
	t.Cleanup(func() { stop(); ticking.Wait() })
	return sp, down
}

func TestAHungServerIsLeftExactlyAfterSilenceLimitAndPingTimeout(t *testing.T) {
	for name, moves := range map[string]bool{"a call that may be repeated": false, "a call that moves": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sp, down := hungPool(t)
				r := Request{Method: "X.Y", Args: struct{}{}, Repeatable: !moves}
				if moves {
					r.Moved = make(chan struct{})
				}
				err := sp.Do(t.Context(), "a:1", &r)
				sp.after(t, sure, "left")
				call, ok := errors.AsType[*CallError](err)
				if !ok || !errors.Is(err, ErrNotServing) || errors.Is(err, ErrMoved) || call.Outcome != MaybeExecuted || call.Phase != PhaseFlushed {
					t.Errorf("%v", err)
				}
				if down.Load() != 1 || sp.Stats().Asks != 1 || len(*sp.table.Load()) != 0 {
					t.Errorf("reported %d times; %+v", down.Load(), sp.Stats())
				}
			})
		})
	}
}

// Its outcome would be unknown, so it has the time that its caller gives it; the server
// is left all the same.
func TestACallThatMustNotBeMadeTwiceWaitsOnAtAHungServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, down := hungPool(t)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		err := sp.Call(ctx, "a:1", "X.Y", struct{}{}, nil)
		sp.after(t, 20*time.Second, "given up")
		if !errors.Is(err, context.DeadlineExceeded) || down.Load() != 1 {
			t.Errorf("%v, reported %d times", err, down.Load())
		}
		<-sp.mux.CloseChan() // nothing is on the session any more
		sp.after(t, 20*time.Second, "ended")
	})
}

func TestAStreamThatIsNotAcknowledgedLeavesAHungServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, _ := hungPool(t)
		_, err := sp.Stream(t.Context(), "a:1", "X.Y")
		sp.after(t, sure, "left")
		if call, ok := errors.AsType[*CallError](err); !ok || !errors.Is(err, ErrNotServing) || call.Outcome != NotSent {
			t.Errorf("%v", err)
		}
	})
}

func TestCallersThatGiveUpSoonHaveAHungServerLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, down := hungPool(t)
		for down.Load() == 0 && time.Since(sp.begin) < time.Minute {
			ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
			_ = sp.Call(ctx, "a:1", "X.Y", struct{}{}, nil)
			stop()
		}
		// The caller looks each 500 ms, at the very moment among others.
		if took := time.Since(sp.begin); took < sure || took > sure+500*time.Millisecond {
			t.Errorf("left after %v", took)
		}
	})
}

func TestABlockingQueryIsNoSuspectWithinItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp, down := hungPool(t)
		const block, after = 160 * time.Second, 170 * time.Second // and its sixteenth
		asked := time.AfterFunc(after, func() {
			if n := sp.Stats().Asks; n != 0 || down.Load() != 0 {
				t.Errorf("asked %d times within its time", n)
			}
		})
		defer asked.Stop()
		err := sp.Do(t.Context(), "a:1", &Request{Method: "X.Y", Args: struct{}{}, Block: block, Repeatable: true})
		sp.after(t, after+sure, "left")
		if !errors.Is(err, ErrNotServing) {
			t.Error(err)
		}
	})
}

// One call that takes long costs a ping now and then, and its server nothing else.
func TestACallThatTakesLongIsAskedAboutLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var suspected atomic.Int64
		sp := newSilentPool(t, Config{}, poolhooks.Hooks{Suspect: func(string) { suspected.Add(1) }})
		ctx, stop := context.WithTimeout(t.Context(), 55*time.Second)
		defer stop()
		ended := sp.aliveEvery(ctx, 10*time.Millisecond)
		defer ended()
		var answering sync.WaitGroup
		defer answering.Wait()
		answering.Go(func() { // Status.Ping is answered within 10 ms, as far as the owner can tell
			for ctx.Err() == nil {
				time.Sleep(10 * time.Millisecond)
				if s := (*sp.table.Load())["a:1"]; s != nil && sp.Stats().Asks > 0 && s.InFlight() > 1 {
					s.conn.Signs.Answered.Store(int64(time.Since(sp.origin)))
				}
			}
		})
		_ = sp.Do(ctx, "a:1", &Request{Method: "X.Y", Args: struct{}{}, Repeatable: true})
		if n := sp.Stats().Asks; n < 5 || n > 12 || suspected.Load() != 0 || sp.Stats().Sessions != 1 {
			t.Errorf("asked %d times in 55 s, and others %d times", n, suspected.Load())
		}
	})
}
