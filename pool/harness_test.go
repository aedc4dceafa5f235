package pool_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// patience is how long a test waits for what must happen.
const patience = pool.Patience

// dict is a map as the wire has it.
type dict = map[string]any

func startServer(tb testing.TB) *testutil.Server {
	tb.Helper()
	return startServerWith(tb, testutil.ServerConfig{KeepAlive: -1})
}

func startServerWith(tb testing.TB, cfg testutil.ServerConfig) *testutil.Server {
	tb.Helper()
	if cfg.FirstByteTimeout == 0 {
		cfg.FirstByteTimeout = patience // a server that was frozen looks at it only when it is thawed
	}
	s, err := testutil.StartServer(cfg)
	noError(tb, err)
	tb.Cleanup(func() { stop(tb, s.Stop) })
	return s
}

// newPool makes a pool that does nothing because of the time, but for the limits
// that are given.
func newPool(tb testing.TB, cfg pool.Config, hooks ...poolhooks.Hooks) *pool.Pool {
	tb.Helper()
	p, err := pool.Hooked(pool.Far(cfg), hooks...)
	noError(tb, err)
	tb.Cleanup(func() { stop(tb, p.Stop) })
	return p
}

func stop(tb testing.TB, f func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f(ctx); err != nil {
		tb.Errorf("stopping: %v", err)
	}
}

// within is a context that no test should see the end of.
func within(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

func ping(tb testing.TB, p *pool.Pool, addr string) {
	tb.Helper()
	if _, err := p.Ping(within(tb), addr); err != nil {
		tb.Fatalf("ping: %v", err)
	}
}

// bounce ends the sessions there are, and has s serve again.
func bounce(tb testing.TB, p *pool.Pool, s *testutil.Server) {
	tb.Helper()
	s.Kill()
	await(tb, "the sessions' end", func() bool { return p.Stats().Sessions == 0 })
	noError(tb, s.Restart())
}

// await waits until done reports true.
func await(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	late := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// receive waits for a value.
func receive[T any](tb testing.TB, what string, from <-chan T) T {
	tb.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		tb.Fatalf("%s: not within %v", what, patience)
		panic("unreachable")
	}
}

// gate is a method that reports each request and answers it when the test lets it.
type gate struct {
	entered chan string // the connection it came on
	release chan struct{}
}

// holdCalls makes Test.Hold such a method.
func holdCalls(tb testing.TB, s *testutil.Server) *gate {
	tb.Helper()
	g := &gate{entered: make(chan string, 1000), release: make(chan struct{})}
	s.Handle("Test.Hold", func(ctx context.Context, r *testutil.Request) (any, error) {
		g.entered <- r.Remote.String()
		select {
		case <-g.release:
			return r.Body(), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return g
}

// result is how a call in the background ended.
type result struct {
	reply any
	err   error
}

// call makes a call in the background.
func call(ctx context.Context, p *pool.Pool, addr, method string, args any) <-chan result {
	done := make(chan result, 1)
	go func() {
		var r result
		r.err = p.Call(ctx, addr, method, args, &r.reply)
		done <- r
	}()
	return done
}

// failed looks at a failed call; cause, if not nil, must be under its error.
func failed(tb testing.TB, err error, at pool.Phase, what pool.Outcome, cause error) *pool.CallError {
	tb.Helper()
	e, ok := errors.AsType[*pool.CallError](err)
	if !ok {
		tb.Fatalf("error %v (%T), want a *CallError", err, err)
	}
	if e.Phase != at || e.Outcome != what {
		tb.Fatalf("%v: in phase %v, %v; want %v, %v", err, e.Phase, e.Outcome, at, what)
	}
	if cause != nil && !errors.Is(err, cause) {
		tb.Fatalf("%v: cause %v, want %v", err, e.Err, cause)
	}
	saysOnce(tb, e)
	return e
}

// saysOnce looks whether the text of an error repeats server or phase.
func saysOnce(tb testing.TB, e *pool.CallError) {
	tb.Helper()
	text := e.Error()
	if n := strings.Count(text, e.Server); e.Server != "" && n != 1 {
		tb.Errorf("the server stands %d times in %q", n, text)
	}
	if e.Phase == pool.PhaseDecode {
		return // the codec's words are its own
	}
	if n := len(regexp.MustCompile(`\b`+e.Phase.String()+`\b`).FindAllString(text, -1)); n != 1 {
		tb.Errorf("the phase stands %d times in %q", n, text)
	}
}

// lost looks at a call whose request the server may have, and whose answer did
// not come. A server can be quicker than the writer.
func lost(tb testing.TB, err, cause error) {
	tb.Helper()
	at := pool.PhaseFlushed
	if e, ok := errors.AsType[*pool.CallError](err); ok && e.Phase == pool.PhaseWrite {
		at = pool.PhaseWrite
	}
	failed(tb, err, at, pool.MaybeExecuted, cause)
}

// as is the error of type E under err.
func as[E error](tb testing.TB, err error) E {
	tb.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		tb.Fatalf("no %T under %v", e, err)
	}
	return e
}

// noError fails the test with err, if there is one.
func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
