package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

// node is what a client registers.
var node = dict{"Region": "global", "Node": dict{
	"ID": "n1", "SecretID": "secret", "Datacenter": "dc1", "Name": "node",
	"Attributes": dict{"nomad.version": "2.0.6"},
}}

// register makes the server know a node on the pool's connection.
func register(tb testing.TB, p *pool.Pool, s *testutil.Server) {
	tb.Helper()
	noError(tb, p.Call(within(tb), s.Addr(), "Node.Register", node, nil))
}

// agentWith is a pool with handlers, registered with a server.
func agentWith(tb testing.TB, cfg pool.Config) (*testutil.Server, *pool.Pool) {
	tb.Helper()
	s, p := startServer(tb), newPool(tb, cfg)
	register(tb, p, s)
	return s, p
}

func doubles(_ context.Context, decode func(any) error) (any, error) {
	var n int
	if err := decode(&n); err != nil {
		return nil, err
	}
	return 2 * n, nil
}

// echoes sends back what comes, until its asker has closed its side.
func echoes(_ context.Context, c net.Conn) error {
	_, err := io.Copy(c, c)
	return err
}

// Arith is a service as package net/rpc knows them.
type Arith struct{}

// Half answers half of n.
func (Arith) Half(n int, reply *int) error {
	if n%2 != 0 {
		return fmt.Errorf("%d is odd", n)
	}
	*reply = n / 2
	return nil
}

func TestAServersCallsAreAnswered(t *testing.T) {
	services := rpc.NewServer()
	noError(t, services.Register(Arith{}))
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{
		Calls: map[string]pool.CallHandler{
			"Test.Double": doubles,
			"Test.Nil":    func(context.Context, func(any) error) (any, error) { return nil, nil },
			"Test.Denied": func(context.Context, func(any) error) (any, error) { return 1, errors.New("Permission denied") },
			"Test.Broken": func(context.Context, func(any) error) (any, error) { return complex(1, 2), nil },
		},
		RPC: services,
	}})
	for _, c := range []struct {
		method string
		args   any
		reply  any
		text   string // up to its end
	}{
		{"Test.Double", 21, int64(42), ""},
		{"Test.Nil", 1, dict{}, ""},
		{"Test.Denied", 1, nil, "Permission denied"},
		{"Test.Double", dict{"a": 1}, nil, "msgpack decode error"},
		{"Test.Broken", 1, nil, "rpc: the reply of type complex128 cannot be encoded"},
		{"Arith.Half", 10, int64(5), ""},
		{"Arith.Half", 5, nil, "5 is odd"},
		{"Arith.Half", "ten", nil, "msgpack decode error"},
		{"Arith.Third", 9, nil, "rpc: can't find method Arith.Third"},
		{"No.Such", 9, nil, "rpc: can't find service No.Such"},
		{"NoDot", 9, nil, "rpc: service/method request ill-formed: NoDot"},
	} {
		var got any
		err := s.CallNode(within(t), "n1", c.method, c.args, &got)
		if c.text == "" {
			if err != nil || fmt.Sprint(got) != fmt.Sprint(c.reply) {
				t.Errorf("%s(%v): %v, %v; want %v", c.method, c.args, got, err, c.reply)
			}
			continue
		}
		remote, ok := errors.AsType[*testutil.RemoteError](err)
		if !ok || !strings.HasPrefix(remote.Text, c.text) {
			t.Errorf("%s(%v): %v; want %q", c.method, c.args, err, c.text)
		}
	}
	await(t, "the release", func() bool { return inUse(p) == 0 })
}

func TestAnAgentWithoutHandlersAnswersThat(t *testing.T) {
	s, _ := agentWith(t, pool.Config{})
	for method, want := range map[string]string{
		"No.Such": "rpc: can't find service No.Such", "NoDot": "rpc: service/method request ill-formed: NoDot",
	} {
		err := s.CallNode(within(t), "n1", method, 1, nil)
		if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || remote.Text != want {
			t.Errorf("%s: %v", method, err)
		}
	}
	_, err := s.StreamNode(within(t), "n1", "No.Stream")
	if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || remote.Text != `Unknown rpc method: "No.Stream"` {
		t.Errorf("%v", err)
	}
}

func TestManyRequestsComeOnOneStreamOfTheServer(t *testing.T) {
	p := newPool(t, pool.Config{Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{"Test.Double": doubles}}})
	_, server := connectRaw(t, p)
	st := server.opens(t, []byte{wire.ModeRPC})
	enc := wire.NewEncoder()
	var all []byte
	for seq := range uint64(100) {
		one, err := enc.Value(wire.AppendRequest(nil, 1000+seq, "Test.Double"), int(seq))
		noError(t, err)
		all = append(all, one...)
	}
	if _, err := st.Write(all); err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(100) {
		want, err := enc.Value(wire.AppendReply(nil, wire.Header{Seq: 1000 + seq, ServiceMethod: "Test.Double"}), int(2*seq))
		noError(t, err)
		reads(t, st, want)
	}
	_ = st.Close()
	ends(t, st)
}

func TestAServersStreamIsServedAndItsErrorIsAFrame(t *testing.T) {
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{
		"Test.Echo":   echoes,
		"Test.Absent": func(context.Context, net.Conn) error { return &pool.StreamError{Code: 404, Message: "absent"} },
		"Test.Broken": func(context.Context, net.Conn) error { return errors.New("broken") },
	}}})
	c, err := s.StreamNode(within(t), "n1", "Test.Echo")
	noError(t, err)
	_ = c.SetDeadline(time.Now().Add(patience))
	exchangeOn(t, c, "hello")
	_ = c.Close()
	for method, want := range map[string]pool.StreamError{"Test.Absent": {Code: 404, Message: "absent"}, "Test.Broken": {Code: 500, Message: "broken"}} {
		c, err := s.StreamNode(within(t), "n1", method)
		noError(t, err)
		_ = c.SetDeadline(time.Now().Add(patience))
		r := pool.NewFrameReader(c)
		_, err = r.Next()
		if e := as[*pool.StreamError](t, err); *e != want {
			t.Errorf("%s: %+v", method, e)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v behind the error", method, err)
		}
		_ = c.Close()
	}
	await(t, "the release", func() bool { return inUse(p) == 0 })
}

func TestAHandlersPanicEndsItsStreamOnly(t *testing.T) {
	var log logged
	s, p := agentWith(t, pool.Config{Logger: zerolog.New(&log), Handlers: pool.Handlers{
		Calls: map[string]pool.CallHandler{
			"Test.Panic":  func(context.Context, func(any) error) (any, error) { panic("a call's") },
			"Test.Exit":   func(context.Context, func(any) error) (any, error) { runtime.Goexit(); return nil, nil },
			"Test.Double": doubles,
		},
		Streams: map[string]pool.StreamHandler{"Test.Panic": func(context.Context, net.Conn) error { panic("a stream's") }},
	}})
	if err := s.CallNode(within(t), "n1", "Test.Exit", 1, nil); err == nil {
		t.Error("it was answered")
	}
	if err := s.CallNode(within(t), "n1", "Test.Panic", 1, nil); err == nil {
		t.Error("it was answered")
	}
	c, err := s.StreamNode(within(t), "n1", "Test.Panic")
	noError(t, err)
	_ = c.SetDeadline(time.Now().Add(patience))
	ends(t, c)
	_ = c.Close()
	for _, cause := range []string{"a call's", "a stream's", "Goexit"} {
		await(t, cause+" panic in the log", func() bool { return strings.Contains(log.String(), cause) })
	}
	var got int
	if err := s.CallNode(within(t), "n1", "Test.Double", 4, &got); err != nil || got != 8 {
		t.Fatalf("afterwards: %d, %v", got, err)
	}
	if st := p.Stats(); st.Dials != 1 || st.Panics != 3 {
		t.Fatalf("%+v", st)
	}
	await(t, "the release", func() bool { return inUse(p) == 0 })
}

// logged is lines as they were written.
type logged struct{ all atomic.Pointer[[]byte] }

func (l *logged) Write(b []byte) (int, error) {
	for {
		old := l.all.Load()
		var next []byte
		if old != nil {
			next = bytes.Clone(*old)
		}
		if next = append(next, b...); l.all.CompareAndSwap(old, &next) {
			return len(b), nil
		}
	}
}

func (l *logged) String() string {
	if all := l.all.Load(); all != nil {
		return string(*all)
	}
	return ""
}

func TestASlowHandlerDelaysNoOther(t *testing.T) {
	entered := make(chan struct{}, 10)
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"Test.Double": doubles,
		"Test.Wait": func(ctx context.Context, _ func(any) error) (any, error) {
			entered <- struct{}{}
			<-ctx.Done() // until the session ends
			return nil, ctx.Err()
		},
	}}})
	ctx, leave := context.WithCancel(within(t))
	asked := make(chan error, 3)
	for range 3 {
		go func() { asked <- s.CallNode(ctx, "n1", "Test.Wait", 1, nil) }()
		receive(t, "the handler", entered)
	}
	var got int
	if err := s.CallNode(within(t), "n1", "Test.Double", 4, &got); err != nil || got != 8 {
		t.Fatalf("%d, %v", got, err)
	}
	ping(t, p, s.Addr())
	await(t, "the others' release", func() bool { return inUse(p) == 3 })
	leave()
	for range 3 {
		_ = receive(t, "the asker", asked) // whatever it was answered
	}
	stop(t, p.Stop) // waits for the handlers, whose context ends
}
