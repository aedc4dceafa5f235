package pool_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

// badError is an error of the agent's whose Error panics, also as a nil pointer.
type badError struct{ text string }

func (e *badError) Error() string { return e.text }

// agentsConn is a connection of the agent's own type.
type agentsConn struct {
	net.Conn
	read, write func(b []byte) (int, error)
	addr        func() net.Addr
	closes      func()
	limits      func()
}

func (c *agentsConn) Close() error {
	if c.closes != nil {
		defer func() { _ = c.Conn.Close() }()
		c.closes()
	}
	return c.Conn.Close()
}

func (c *agentsConn) SetWriteDeadline(t time.Time) error {
	if c.limits != nil {
		c.limits()
	}
	return c.Conn.SetWriteDeadline(t)
}

func (c *agentsConn) Read(b []byte) (int, error) {
	if c.read != nil {
		return c.read(b)
	}
	return c.Conn.Read(b)
}

func (c *agentsConn) Write(b []byte) (int, error) {
	if c.write != nil {
		return c.write(b)
	}
	return c.Conn.Write(b)
}

func (c *agentsConn) RemoteAddr() net.Addr {
	if c.addr != nil {
		return c.addr()
	}
	return c.Conn.RemoteAddr()
}

type badAddr struct{}

func (badAddr) Network() string { panic("in Network") }
func (badAddr) String() string  { panic("in String") }

func TestNoDialOfTheAgentsEndsThePool(t *testing.T) {
	var none *badError
	var noConn *agentsConn
	dialed := func(c agentsConn) func(context.Context, string) (net.Conn, error) {
		return func(ctx context.Context, addr string) (conn net.Conn, err error) {
			own := c
			own.Conn, err = new(net.Dialer).DialContext(ctx, "tcp", addr)
			return &own, err
		}
	}
	var reads atomic.Int64
	for name, c := range map[string]struct {
		dial func(ctx context.Context, addr string) (net.Conn, error)
		says string // empty: it works
	}{
		"panics":              {func(context.Context, string) (net.Conn, error) { panic("in Dial") }, "panic: in Dial"},
		"exits":               {func(context.Context, string) (net.Conn, error) { runtime.Goexit(); return nil, nil }, "runtime.Goexit"},
		"nothing":             {func(context.Context, string) (net.Conn, error) { return nil, nil }, "neither"},
		"a nil pointer":       {func(context.Context, string) (net.Conn, error) { return noConn, nil }, "neither"},
		"a nil error":         {func(context.Context, string) (net.Conn, error) { return nil, none }, "whose Error panics"},
		"its own":             {dialed(agentsConn{}), ""},
		"no address":          {dialed(agentsConn{addr: func() net.Addr { return nil }}), ""},
		"an address panics":   {dialed(agentsConn{addr: func() net.Addr { return badAddr{} }}), ""},
		"RemoteAddr panics":   {dialed(agentsConn{addr: func() net.Addr { panic("in RemoteAddr") }}), ""},
		"Read panics":         {dialed(agentsConn{read: func([]byte) (int, error) { panic("in Read") }}), "panic: in Read"},
		"Read's error panics": {dialed(agentsConn{read: func([]byte) (int, error) { return 0, none }}), "whose Error panics"},
		"Read counts wrong":   {dialed(agentsConn{read: func(b []byte) (int, error) { return len(b) + 1, nil }}), "bytes"},
		"Read counts below 0": {dialed(agentsConn{read: func([]byte) (int, error) { return -1, nil }}), "bytes"},
		"Write panics":        {dialed(agentsConn{write: func([]byte) (int, error) { panic("in Write") }}), "panic: in Write"},
		"Read exits":          {dialed(agentsConn{read: func([]byte) (int, error) { runtime.Goexit(); return 0, nil }}), "runtime.Goexit"},
		"Write exits":         {dialed(agentsConn{write: func([]byte) (int, error) { runtime.Goexit(); return 0, nil }}), "runtime.Goexit"},
		"a limit exits":       {dialed(agentsConn{limits: runtime.Goexit}), "runtime.Goexit"},
		"an address exits":    {dialed(agentsConn{addr: func() net.Addr { runtime.Goexit(); return nil }}), ""},
		"Close exits":         {dialed(agentsConn{closes: runtime.Goexit}), ""},
		"Close panics":        {dialed(agentsConn{closes: func() { panic("in Close") }}), ""},
		"Write counts wrong":  {dialed(agentsConn{write: func(b []byte) (int, error) { return 2 * len(b), nil }}), "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			reads.Store(0)
			s, log := startServer(t), make(lines, 10_000)
			p := newPool(t, pool.Config{Logger: zerolog.New(log), Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
				return c.dial(ctx, addr)
			}})
			for range 3 {
				_, err := p.Ping(within(t), s.Addr())
				if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
					t.Fatalf("%v", err)
				}
			}
			if p.Err() != nil {
				t.Fatal(p.Err())
			}
			stop(t, p.Stop)
			panics := strings.Contains(c.says, "panic") || strings.Contains(name, "exits") || strings.Contains(name, "anics")
			if n := p.Stats().Panics; panics != (n > 0) {
				t.Errorf("%d panics counted", n)
			}
			pool.Written(p)
			said := 0
			for _, line := range log.rest() {
				if strings.Contains(line, `"in":"Config.Dial"`) && strings.Contains(line, `"stack"`) {
					said++
				}
			}
			if panics && (said == 0 || said > 2) {
				t.Errorf("said %d times", said)
			}
		})
	}
}

// A session breaks amid its life by what a method of its connection does.
func TestAConnectionThatBreaksLaterByItsOwnCodeIsReplaced(t *testing.T) {
	for says, harm := range map[string]func(){"cut": func() { panic("cut") }, "Goexit": runtime.Goexit} {
		for _, inRead := range []bool{false, true} {
			s := startServer(t)
			var broken atomic.Bool
			harmed := func() {
				if broken.CompareAndSwap(true, false) {
					harm()
				}
			}
			p := newPool(t, pool.Config{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c := new(agentsConn)
				var err error
				c.Conn, err = new(net.Dialer).DialContext(ctx, network, addr)
				if inRead {
					c.read = func(b []byte) (int, error) { n, err := c.Conn.Read(b); harmed(); return n, err }
				} else {
					c.write = func(b []byte) (int, error) { harmed(); return c.Conn.Write(b) }
				}
				return c, err
			}})
			for range 3 {
				ping(t, p, s.Addr())
				broken.Store(true)
				if _, err := p.Ping(within(t), s.Addr()); err != nil && !strings.Contains(err.Error(), says) {
					t.Error(err)
				}
			}
			ping(t, p, s.Addr())
			stop(t, p.Stop)
		}
	}
}

func TestTheErrorsOfTheAgentsDialAreFound(t *testing.T) {
	mine := &badError{"mine"}
	p := newPool(t, pool.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.Join(io.ErrClosedPipe, mine)
	}})
	_, err := p.Ping(within(t), "127.0.0.1:1")
	if got, ok := errors.AsType[*badError](err); !ok || got != mine || !errors.Is(err, io.ErrClosedPipe) || !errors.Is(err, mine) {
		t.Errorf("%v", err)
	}
}

type lateBy func() <-chan struct{}

func (l lateBy) Late() <-chan struct{} { return l() }

func TestALateThatPanicsEndsItsAttemptOnly(t *testing.T) {
	s := startServer(t)
	held := holdCalls(t, s)
	for name, harm := range map[string]func(){"a panic": func() { panic("late") }, "Goexit": runtime.Goexit} {
		p := newPool(t, pool.Config{})
		ping(t, p, s.Addr()) // a dial could use up the limit, and nobody is asked then
		err := p.Do(within(t), s.Addr(), &pool.Request{
			Method: "Test.Hold", Args: 1, Limit: 10 * time.Millisecond, Late: lateBy(func() <-chan struct{} { harm(); return nil }),
		})
		if st := p.Stats(); !errors.Is(err, pool.ErrAttemptTimeout) || st.CallsInFlight != 0 || st.Panics != 1 {
			t.Errorf("%s: %v, %+v", name, err, st)
		}
		ping(t, p, s.Addr())
	}
	close(held.release)
}

func TestArgumentsAndAnswersThatContainThemselvesAreErrors(t *testing.T) {
	type node struct{ Next *node }
	n := new(node)
	n.Next = n
	m := map[string]any{}
	m["x"] = []any{m}
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"Test.Circle": func(context.Context, func(any) error) (any, error) { return m, nil },
	}}})
	for _, args := range []any{n, *n, m, []any{m}, struct{ X any }{n}} {
		err := p.Call(within(t), s.Addr(), "Echo.Echo", args, nil)
		failed(t, err, pool.PhaseFind, pool.NotSent, nil)
		if e := as[*pool.EncodeError](t, err); !strings.Contains(e.Error(), "contains itself") {
			t.Error(e)
		}
		if err := pool.WriteRequest(io.Discard, args); err == nil {
			t.Error("it was written")
		}
	}
	if st := p.Stats(); st.CallsInFlight != 0 {
		t.Errorf("%+v", st)
	}
	if err := s.CallNode(within(t), "n1", "Test.Circle", 1, nil); err == nil || !strings.Contains(err.Error(), "contains itself") {
		t.Errorf("%v", err)
	}
	ping(t, p, s.Addr())
}

// The pool's owner ends for a fault of its own.
func TestAFaultOfThePoolIsLoggedAndSeenByEveryCall(t *testing.T) {
	s, log := startServer(t), make(lines, 10_000)
	held := holdCalls(t, s)
	p := newPool(t, pool.Config{Logger: zerolog.New(log)}, poolhooks.Hooks{Down: func(string, error) { panic("kaboom\x1b[2J") }})
	other := startServer(t)
	other.Refuse()
	c := call(within(t), p, s.Addr(), "Test.Hold", 1)
	receive(t, "the call", held.entered)
	_, _ = p.Ping(within(t), other.Addr())
	receive(t, "the end", p.Done())
	fault := as[*actor.PanicError](t, p.Err())
	if strings.Contains(fault.Error(), "\x1b") || !strings.Contains(fault.Error(), `kaboom\x1b`) {
		t.Errorf("%q", fault)
	}
	_, streamed := p.Stream(within(t), s.Addr(), "Test.Hold")
	_, pinged := p.Ping(within(t), s.Addr())
	for what, err := range map[string]error{
		"the call under way": receive(t, "the call", c).err, "Stream": streamed, "Ping": pinged,
		"Call": p.Call(within(t), s.Addr(), "Echo.Echo", 1, nil), "SetTLS": p.SetTLS(within(t), nil),
	} {
		if got, ok := errors.AsType[*actor.PanicError](err); !ok || got != fault || errors.Is(err, pool.ErrStopped) {
			t.Errorf("%s: %v", what, err)
		}
	}
	stop(t, p.Stop)
	said := 0
	for _, line := range log.rest() {
		if strings.Contains(line, `"level":"error"`) && strings.Contains(line, "kaboom") && strings.Contains(line, "agent_code_test.go") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
}

func TestALogThatBlocksHoldsNoPoolUp(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := startServer(t)
	p, err := pool.New(pool.Far(pool.Config{Logger: zerolog.New(blocked(release))}))
	noError(t, err)
	for range 3 {
		ping(t, p, s.Addr())
		bounce(t, p, s)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Stop(context.Background()) }()
	noError(t, receive(t, "Stop", ended))
}

type blocked chan struct{}

func (b blocked) Write(p []byte) (int, error) { <-b; return len(p), nil }
