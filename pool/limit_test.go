package pool_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// moment is shorter than any test waits, and limits that are over must be seen.
const moment = 50 * time.Millisecond

func TestAnAttemptEndsWithItsLimit(t *testing.T) {
	s := startServer(t)
	p := newPool(t, pool.Config{})
	noError(t, p.Call(within(t), s.Addr(), "Status.Ping", struct{}{}, nil))
	s.Inject(testutil.Mute())
	err := p.Do(within(t), s.Addr(), &pool.Request{Method: "Status.Ping", Args: struct{}{}, Limit: moment})
	call, ok := errors.AsType[*pool.CallError](err)
	if !ok || !errors.Is(err, pool.ErrAttemptTimeout) || call.Phase != pool.PhaseFlushed || call.Outcome != pool.MaybeExecuted {
		t.Errorf("%v", err)
	}
	s.Heal()
	if err := p.Do(within(t), s.Addr(), &pool.Request{Method: "Status.Ping", Args: struct{}{}, Limit: time.Hour}); err != nil {
		t.Errorf("with an hour: %v", err)
	}
}

func TestADialUsesUpTheLimitOfItsAttempt(t *testing.T) {
	p := newPool(t, pool.Config{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	err := p.Do(within(t), "127.0.0.1:1", &pool.Request{Method: "Status.Ping", Args: struct{}{}, Limit: moment})
	call, ok := errors.AsType[*pool.CallError](err)
	if !ok || !errors.Is(err, pool.ErrAttemptTimeout) || call.Outcome != pool.NotSent {
		t.Errorf("%v", err)
	}
}

// lateness is asked when a limit is over.
type lateness struct {
	asked chan struct{}
	until chan struct{}
}

func (l *lateness) Late() <-chan struct{} {
	l.asked <- struct{}{}
	return l.until
}

func TestAnAttemptMayGoOnBeyondItsLimit(t *testing.T) {
	s := startServer(t)
	release := make(chan struct{})
	s.Handle("Test.Slow", func(ctx context.Context, _ *testutil.Request) (any, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return "slow", nil
	})
	p := newPool(t, pool.Config{})
	ping(t, p, s.Addr()) // a dial could use up the limit, and nobody is asked then
	for _, c := range []struct {
		name   string
		answer bool
		want   error
	}{{"and is answered", true, nil}, {"until it is to be made elsewhere", false, pool.ErrMoved}} {
		l := &lateness{asked: make(chan struct{}, 10), until: make(chan struct{})}
		done := make(chan error, 1)
		var reply string
		go func() {
			done <- p.Do(within(t), s.Addr(), &pool.Request{Method: "Test.Slow", Args: struct{}{}, Reply: &reply, Limit: moment, Late: l})
		}()
		receive(t, "the question", l.asked)
		if c.answer {
			release <- struct{}{}
		} else {
			close(l.until)
		}
		if err := receive(t, "the end", done); !errors.Is(err, c.want) || c.answer && reply != "slow" || len(l.asked) > 0 {
			t.Errorf("%s: %v, %q, asked %d times more", c.name, err, reply, len(l.asked))
		}
	}
}
