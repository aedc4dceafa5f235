package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// silentPool is a pool whose one server has been connected and is silent since.
type silentPool struct {
	*Pool
	mux   *sessiontest.Silent
	begin time.Time
	dials atomic.Int64
}

func newSilentPool(t *testing.T, cfg Config, hooks ...poolhooks.Hooks) *silentPool {
	t.Helper()
	noError(t, cfg.validate())
	sp := &silentPool{Pool: &Pool{cfg: cfg, origin: time.Now(), resolver: new(dialing.Resolver)}, mux: sessiontest.NewSilent()}
	for _, h := range hooks {
		sp.hooks = h
	}
	life, end := context.WithCancel(context.Background())
	sp.open = func(_ context.Context, addr string, id uint64) (*connection, error) {
		if sp.dials.Add(1) > 1 {
			return nil, errors.New("refused")
		}
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		context.AfterFunc(life, func() { _ = far.Close(); _ = near.Close() })
		s := sp.newConnection(life, near, addr, addr, id)
		s.Attach(sp.mux)
		sp.mux.Ack = func(stream uint32) { s.conn.Acknowledged(s.conn.Routes.Add(stream)) }
		return s, nil
	}
	sp.start()
	t.Cleanup(func() { _ = sp.Stop(context.Background()); end() })
	sp.begin = time.Now()
	return sp
}

// alive lets a byte come in.
func (sp *silentPool) alive() {
	if s := (*sp.table.Load())["a:1"]; s != nil {
		s.conn.Signs.Read.Store(int64(time.Since(sp.origin)))
	}
}

// aliveEvery lets a byte come in again and again until ctx ends; the function it
// answers waits for the last.
func (sp *silentPool) aliveEvery(ctx context.Context, d time.Duration) (wait func()) {
	var ticking sync.WaitGroup
	ticking.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(d)
			sp.alive()
		}
	})
	return ticking.Wait
}

// after checks that exactly d has passed since the pool was made.
func (sp *silentPool) after(t *testing.T, d time.Duration, what string) {
	t.Helper()
	if got := time.Since(sp.begin); got != d {
		t.Errorf("%s after %v, want %v", what, got, d)
	}
}

const sure = 3 * time.Second // the silence limit and the ping's timeout

func TestAServerIsLeftExactlyAfterSilenceLimitAndPingTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		err := sp.Call(t.Context(), "a:1", "X.Y", struct{}{}, nil)
		sp.after(t, sure, "left")
		call, ok := errors.AsType[*CallError](err)
		if !ok || !errors.Is(err, ErrSilent) || call.Outcome != MaybeExecuted || call.Phase != PhaseFlushed {
			t.Errorf("%v", err)
		}
	})
}

func TestEveryCallThatWaitsEndsWithItsServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		done := make(chan error)
		for range 20 {
			go func() { done <- sp.Call(t.Context(), "a:1", "X.Y", struct{}{}, nil) }()
		}
		for range 20 {
			if err := <-done; !errors.Is(err, ErrSilent) {
				t.Error(err)
			}
			sp.after(t, sure, "left")
		}
		if n := sp.mux.Pings.Load(); n != 1 {
			t.Errorf("%d pings for one silence", n)
		}
	})
}

func TestASilentServerIsKeptWhileNoOtherAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var suspected atomic.Int64
		sp := newSilentPool(t, Config{}, poolhooks.Hooks{Suspect: func(string) { suspected.Add(1) }})
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Second)
		defer stop()
		err := sp.Call(ctx, "a:1", "X.Y", struct{}{}, nil)
		sp.after(t, 50*time.Second, "given up")
		if !errors.Is(err, context.DeadlineExceeded) || sp.Stats().Sessions != 1 {
			t.Errorf("%v, %+v", err, sp.Stats())
		}
		if n := suspected.Load(); n < 10 {
			t.Errorf("asked %d times for another server", n)
		}
	})
}

func TestAnotherServersAnswerDecides(t *testing.T) {
	for _, at := range []time.Duration{time.Second + 1, 2 * time.Second, 5*time.Second + 7} {
		synctest.Test(t, func(t *testing.T) {
			sp := newSilentPool(t, Config{}, poolhooks.Hooks{Suspect: func(string) {}})
			time.AfterFunc(at, func() { _ = Control(sp.Pool).Corroborate(context.Background(), "a:1") })
			err := sp.Call(t.Context(), "a:1", "X.Y", struct{}{}, nil)
			sp.after(t, max(at, sure), "left")
			if !errors.Is(err, ErrSilent) {
				t.Error(err)
			}
		})
	}
}

func TestASlowServerIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer sp.aliveEvery(ctx, 1500*time.Millisecond)() // bytes for somebody else
		defer stop()
		err := sp.Call(ctx, "a:1", "X.Y", struct{}{}, nil)
		sp.after(t, 20*time.Second, "given up")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestARetiredSessionIsLeftExactlyAfterSilenceLimitAndPingTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sp := newSilentPool(t, Config{})
		time.AfterFunc(500*time.Millisecond, func() {
			sp.alive()
			_ = sp.actor.Tell(context.Background(), &mail{Message: poolcore.Leaving{Addr: "a:1", Session: 1}})
		})
		err := sp.Call(t.Context(), "a:1", "X.Y", struct{}{}, nil)
		sp.after(t, 500*time.Millisecond+sure, "left")
		if !errors.Is(err, ErrSilent) || sp.mux.Pings.Load() != 1 {
			t.Errorf("%v, %d pings", err, sp.mux.Pings.Load())
		}
	})
}
