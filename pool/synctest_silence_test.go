package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// silentMux is a network that takes everything and answers nothing, but for streams that
// are opened.
type silentMux struct {
	closed chan struct{}
	once   atomic.Bool
	pings  atomic.Int64
	opened atomic.Uint32

	answers atomic.Pointer[func()]        // pings; nil: none is answered
	opens   atomic.Pointer[func() stream] // nil: a stream that is as silent
	ack     func(stream uint32)           // has the server acknowledge a stream; nil: it does not
}

func (m *silentMux) Open() (stream, error) {
	if open := m.opens.Load(); open != nil {
		return (*open)(), nil
	}
	s := newSilentStream(m)
	if m.ack != nil {
		m.ack(s.id)
	}
	return s, nil
}

func (m *silentMux) Ping() (time.Duration, error) {
	m.pings.Add(1)
	if answer := m.answers.Load(); answer != nil {
		(*answer)()
		return 0, nil
	}
	<-m.closed
	return 0, io.EOF
}

func (m *silentMux) Accept() (stream, error)    { <-m.closed; return nil, io.EOF }
func (m *silentMux) CloseChan() <-chan struct{} { return m.closed }
func (m *silentMux) Err() error                 { return io.EOF }

func (m *silentMux) IsClosed() bool {
	select {
	case <-m.closed:
		return true
	default:
		return false
	}
}

func (m *silentMux) Close() error {
	if m.once.CompareAndSwap(false, true) {
		close(m.closed)
	}
	return nil
}

// silentStream is written to and read from in vain.
type silentStream struct {
	mux  *silentMux
	id   uint32
	woke chan struct{}
}

func newSilentStream(m *silentMux) *silentStream {
	return &silentStream{mux: m, id: 2*m.opened.Add(1) - 1, woke: make(chan struct{}, 1)}
}

func (s *silentStream) Write(b []byte) (int, error)   { return len(b), nil }
func (s *silentStream) Close() error                  { return nil }
func (s *silentStream) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

func (s *silentStream) SetWriteDeadline(time.Time) error { return nil }
func (s *silentStream) StreamID() uint32                 { return s.id }

func (s *silentStream) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		select {
		case s.woke <- struct{}{}:
		default:
		}
	}
	return nil
}

func (s *silentStream) Read([]byte) (int, error) {
	select {
	case <-s.woke:
		return 0, os.ErrDeadlineExceeded
	case <-s.mux.closed:
		return 0, io.EOF
	}
}

// silentPool is a pool whose one server has been connected and is silent since.
type silentPool struct {
	*Pool
	mux   *silentMux
	begin time.Time
	dials atomic.Int64
}

func newSilentPool(t *testing.T, cfg Config, hooks ...poolhooks.Hooks) *silentPool {
	t.Helper()
	if err := cfg.validate(); err != nil {
		t.Fatal(err)
	}
	sp := &silentPool{Pool: &Pool{cfg: cfg, origin: time.Now()}, mux: &silentMux{closed: make(chan struct{})}}
	for _, h := range hooks {
		sp.hooks = h
	}
	sp.open = func(ctx context.Context, addr string, id uint64) (*session, error) {
		if sp.dials.Add(1) > 1 {
			return nil, errors.New("refused")
		}
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		context.AfterFunc(ctx, func() { _ = far.Close(); _ = near.Close() })
		s := sp.newSession(ctx, near, addr, id)
		s.mux = sp.mux
		sp.mux.ack = func(stream uint32) { s.tap.answered(s.tap.ports.add(stream)) }
		return s, nil
	}
	sp.start()
	t.Cleanup(func() { _ = sp.Stop(context.Background()) })
	sp.begin = time.Now()
	return sp
}

// alive lets a byte come in.
func (sp *silentPool) alive() {
	if s := (*sp.table.Load())["a:1"]; s != nil {
		s.tap.lastRead.Store(int64(time.Since(sp.origin)))
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
		if n := sp.mux.pings.Load(); n != 1 {
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
			_ = sp.actor.Tell(context.Background(), mail{Message: core.Leaving{Addr: "a:1", Session: 1}})
		})
		err := sp.Call(t.Context(), "a:1", "X.Y", struct{}{}, nil)
		sp.after(t, 500*time.Millisecond+sure, "left")
		if !errors.Is(err, ErrSilent) || sp.mux.pings.Load() != 1 {
			t.Errorf("%v, %d pings", err, sp.mux.pings.Load())
		}
	})
}
