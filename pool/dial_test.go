package pool_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// dialGate is a Config.Dial that waits for leave; begun counts.
func dialGate() (dial func(context.Context, string, string) (net.Conn, error), begun *atomic.Int64, leave chan struct{}) {
	begun, leave = new(atomic.Int64), make(chan struct{})
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		begun.Add(1)
		select {
		case <-leave:
			return new(net.Dialer).DialContext(ctx, network, addr)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}, begun, leave
}

// callers starts n calls and waits until all of them wait for the dial.
func callers(t *testing.T, p *pool.Pool, addr string, n int, begun *atomic.Int64) []<-chan result {
	t.Helper()
	all := make([]<-chan result, n)
	for i := range all {
		all[i] = call(within(t), p, addr, "Echo.Echo", i)
	}
	await(t, "the dial", func() bool { return begun.Load() > 0 && p.Stats().Calls == uint64(n) })
	return all
}

func TestManyCallersDialOnce(t *testing.T) {
	s := startServer(t)
	dial, begun, leave := dialGate()
	p := newPool(t, pool.Config{Dial: dial, DialTimeout: patience})
	all := callers(t, p, s.Addr(), 200, begun)
	close(leave)
	for i, c := range all {
		if r := receive(t, "a call", c); r.err != nil || r.reply != int64(i) {
			t.Fatalf("call %d: %v, %v", i, r.reply, r.err)
		}
	}
	if st := p.Stats(); st.Dials != 1 || begun.Load() != 1 || s.Counts().Accepted != 1 {
		t.Fatalf("%d dials, %d connections: %+v", begun.Load(), s.Counts().Accepted, st)
	}
}

func TestEveryWaiterGetsTheRealDialError(t *testing.T) {
	s := startServer(t)
	s.Refuse()
	dial, begun, leave := dialGate()
	p := newPool(t, pool.Config{Dial: dial, DialTimeout: patience})
	all := callers(t, p, s.Addr(), 20, begun)
	close(leave) // a caller that is late for this dial starts another
	same := map[*pool.DialError]bool{}
	for _, c := range all {
		r := receive(t, "a call", c)
		failed(t, r.err, pool.PhaseDial, pool.NotSent, syscall.ECONNREFUSED)
		e := as[*pool.DialError](t, r.err)
		if e.Addr != s.Addr() || e.Phase != pool.PhaseDial {
			t.Fatalf("%+v", e)
		}
		same[e] = true
	}
	if st := p.Stats(); uint64(len(same)) != st.Dials || st.DialFailures != st.Dials || st.Sessions != 0 {
		t.Fatalf("%d different errors: %+v", len(same), st)
	}
}

func TestARefusedServerIsReachedOnceItAccepts(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Refuse()
	_, err := p.Ping(within(t), s.Addr())
	failed(t, err, pool.PhaseDial, pool.NotSent, syscall.ECONNREFUSED)
	noError(t, s.Accept())
	ping(t, p, s.Addr())
}

func TestACallerThatGivesUpDoesNotCancelTheDial(t *testing.T) {
	s := startServer(t)
	dial, begun, leave := dialGate()
	p := newPool(t, pool.Config{Dial: dial, DialTimeout: patience})
	ctx, cancel := context.WithCancel(t.Context())
	first := call(ctx, p, s.Addr(), "Echo.Echo", 1) // it starts the dial
	await(t, "the dial", func() bool { return begun.Load() == 1 })
	second := call(within(t), p, s.Addr(), "Echo.Echo", 2)
	cancel()
	failed(t, receive(t, "the cancelled call", first).err, pool.PhaseDial, pool.NotSent, context.Canceled)
	close(leave)
	if r := receive(t, "the other call", second); r.err != nil || r.reply != int64(2) {
		t.Fatalf("%v, %v", r.reply, r.err)
	}
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials, want 1", n)
	}
}

func TestADialWithoutCallersStillMakesASession(t *testing.T) {
	s := startServer(t)
	dial, begun, leave := dialGate()
	p := newPool(t, pool.Config{Dial: dial, DialTimeout: patience})
	ctx, cancel := context.WithCancel(t.Context())
	only := call(ctx, p, s.Addr(), "Echo.Echo", 1)
	await(t, "the dial", func() bool { return begun.Load() == 1 })
	cancel()
	failed(t, receive(t, "the call", only).err, pool.PhaseDial, pool.NotSent, context.Canceled)
	close(leave)
	await(t, "the session", func() bool { return p.Stats().Sessions == 1 })
}

func TestAFrozenServerFailsTheHandshakeInTime(t *testing.T) {
	s := startServer(t)
	s.Freeze()
	p := newPool(t, pool.Config{DialTimeout: time.Second})
	over := pool.DialLimit(p)
	c := call(within(t), p, s.Addr(), "Echo.Echo", 1)
	await(t, "the handshake", func() bool { return p.Stats().BytesOut > 0 })
	over()
	err := receive(t, "the call", c).err
	failed(t, err, pool.PhaseHandshake, pool.NotSent, context.DeadlineExceeded)
	if e := as[*pool.DialError](t, err); e.Phase != pool.PhaseHandshake || !strings.Contains(e.Error(), "no answer within 1s") {
		t.Fatalf("%+v", e)
	}
	s.Thaw()
	ping(t, p, s.Addr())
}

func TestADialThatHangsEndsWithTheDialTimeout(t *testing.T) {
	s := startServer(t)
	dial, _, _ := dialGate()
	const limit = 50 * time.Millisecond
	p := newPool(t, pool.Config{Dial: dial, DialTimeout: limit})
	begin := time.Now()
	_, err := p.Ping(within(t), s.Addr())
	if took := time.Since(begin); took < limit {
		t.Fatalf("after %v, want %v", took, limit)
	}
	e := failed(t, err, pool.PhaseDial, pool.NotSent, context.DeadlineExceeded)
	if want := "dial " + s.Addr() + ": no answer within 50ms"; e.Err.Error() != want {
		t.Fatalf("%q, want %q", e.Err, want)
	}
}

func TestACallEndsWithItsContextWhileDialing(t *testing.T) {
	s := startServer(t)
	s.Freeze()
	p := newPool(t, pool.Config{})
	ctx, expire := deadline(t)
	c := call(ctx, p, s.Addr(), "Echo.Echo", 1)
	await(t, "the dial", func() bool { return p.Stats().Dials == 1 })
	expire()
	err := receive(t, "the call", c).err
	failed(t, err, pool.PhaseDial, pool.NotSent, context.DeadlineExceeded)
	if _, ours := errors.AsType[*pool.DialError](err); ours {
		t.Fatalf("%v: the dial goes on", err)
	}
}
