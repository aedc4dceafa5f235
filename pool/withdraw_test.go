package pool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// stuck is a pool with one session on which somebody writes for ever, until let.
func stuck(t *testing.T) (p *Pool, srv *testutil.Server, s *connection, let func()) {
	t.Helper()
	srv, err := testutil.StartServer(testutil.ServerConfig{KeepAlive: -1})
	noError(t, err)
	t.Cleanup(func() { _ = srv.Stop(context.Background()) })
	if p, err = New(Far(Config{})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background()) })
	if _, err := p.Ping(t.Context(), srv.Addr()); err != nil {
		t.Fatal(err)
	}
	s = (*p.table.Load())[srv.Addr()]
	return p, srv, s, pause(t, s)
}

// pause has frames wait until let.
func pause(t *testing.T, s *connection) (let func()) {
	t.Helper()
	awaitTrue(t, "the token", func() (ok bool) { let, ok = s.conn.Pause(); return ok })
	return let
}

// queuedCall makes a call whose request waits for the token.
func queuedCall(ctx context.Context, t *testing.T, p *Pool, srv *testutil.Server, s *connection) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Call(ctx, srv.Addr(), "Echo.Count", map[string]string{"ID": "queued"}, nil) }()
	awaitTrue(t, "the request", func() bool { return s.conn.Queued() > 0 })
	return done
}

func notSent(t *testing.T, err, cause error) {
	t.Helper()
	e, ok := errors.AsType[*CallError](err)
	if !ok || e.Phase != PhaseOpen || e.Outcome != NotSent || !errors.Is(err, cause) {
		t.Fatalf("%v; want it not sent, because of %v", err, cause)
	}
}

func TestARequestThatWaitsToBeWrittenIsWithdrawnWithItsCaller(t *testing.T) {
	p, srv, s, let := stuck(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := queuedCall(ctx, t, p, srv, s)
	cancel()
	notSent(t, <-done, context.Canceled)
	let()
	// What was behind it goes out, and it does not.
	if _, err := p.Ping(t.Context(), srv.Addr()); err != nil {
		t.Fatal(err)
	}
	if n := srv.Executions("queued"); n != 0 || p.Stats().Dials != 1 {
		t.Fatalf("executed %d times, %+v", n, p.Stats())
	}
}

func TestARequestThatWaitsToBeWrittenWhenItsSessionEndsGoesOverAnother(t *testing.T) {
	p, srv, s, let := stuck(t)
	defer let()
	done := queuedCall(t.Context(), t, p, srv, s)
	s.End(errors.New("cut"))
	noError(t, <-done)
	if n := srv.Executions("queued"); n != 1 || p.Stats().Dials != 2 {
		t.Fatalf("executed %d times, %+v", n, p.Stats())
	}
}

// awaitTrue waits until done reports true.
func awaitTrue(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not in time", what)
		}
	}
}
