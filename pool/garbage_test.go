package pool_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNonsenseAtAnyLayerIsATypedError(t *testing.T) {
	for _, c := range []struct {
		name  string
		layer testutil.Layer
		at    pool.Phase
		check func(testing.TB, error)
		dials uint64 // with the next call
	}{
		{"transport", testutil.LayerTransport, pool.PhaseFlushed, protocol("yamux"), 2},
		{"header", testutil.LayerHeader, pool.PhaseRead, protocol("rpc"), 1},
		{"body", testutil.LayerBody, pool.PhaseRead, protocol("rpc"), 1},
		{"seq", testutil.LayerSeq, pool.PhaseRead, protocol("rpc"), 1},
		{"nesting", testutil.LayerNesting, pool.PhaseRead, protocol("rpc"), 1},
		{"shape", testutil.LayerShape, pool.PhaseDecode, typed[*pool.DecodeError], 1},
		{"huge string", testutil.LayerHugeString, pool.PhaseRead, typed[*pool.SizeError], 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{})
			ping(t, p, s.Addr())
			s.Inject(testutil.Garbage(c.layer).On("Echo.Echo").Times(1))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := struct{ A int }{3}
			err := p.Call(within(t), s.Addr(), "Echo.Echo", dict{"A": 1}, &got)
			runtime.ReadMemStats(&after)
			if e := as[*pool.CallError](t, err); e.Phase != c.at && (e.Phase != pool.PhaseWrite || c.dials == 1) || e.Outcome != pool.MaybeExecuted {
				t.Fatalf("%v: phase %v, want %v", err, e.Phase, c.at)
			}
			c.check(t, err)
			if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
				t.Errorf("%d bytes allocated", n)
			}
			if c.dials > 1 {
				await(t, "the session's end", func() bool { return p.Stats().Sessions == 0 })
			}
			if err := p.Call(within(t), s.Addr(), "Echo.Echo", dict{"A": 1}, &got); err != nil || got.A != 1 {
				t.Fatalf("the next call: %+v, %v", got, err)
			}
			if n := p.Stats().Dials; n != c.dials {
				t.Fatalf("%d dials, want %d", n, c.dials)
			}
		})
	}
}

func protocol(layer string) func(testing.TB, error) {
	return func(tb testing.TB, err error) {
		tb.Helper()
		if e := as[*pool.ProtocolError](tb, err); e.Layer != layer {
			tb.Errorf("%v: layer %s, want %s", err, e.Layer, layer)
		}
	}
}

func typed[E error](tb testing.TB, err error) {
	tb.Helper()
	as[E](tb, err)
}

func TestNonsenseBehindAReplyIsAProtocolError(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.Handle("Test.Trailing", func(_ context.Context, _ *testutil.Request) (any, error) {
		return testutil.Raw("\x01\x02\x03"), nil
	})
	err := p.Call(within(t), s.Addr(), "Test.Trailing", nil, nil)
	failed(t, err, pool.PhaseRead, pool.MaybeExecuted, nil)
	protocol("rpc")(t, err)
	ping(t, p, s.Addr())
}

// strangers are servers that are none of Nomad's.
func strangers() map[string]func(net.Conn) {
	return map[string]func(net.Conn){
		"an SSH server":   func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.6\r\n")) },
		"an HTTP server":  func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
		"a new yamux":     func(c net.Conn) { _, _ = c.Write([]byte{1, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0}) },
		"an unknown type": func(c net.Conn) { _, _ = c.Write([]byte{0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) },
	}
}

func TestAPeerThatIsNoServerFailsTheHandshake(t *testing.T) {
	for name, greet := range strangers() {
		t.Run(name, func(t *testing.T) {
			_, err := newPool(t, pool.Config{}).Ping(within(t), hungUpError(t, greet))
			failed(t, err, pool.PhaseHandshake, pool.NotSent, nil)
			protocol("yamux")(t, err)
			as[*pool.DialError](t, err)
			as[*pool.WrongPortError](t, err)
		})
	}
	t.Run("one that hangs up", func(t *testing.T) {
		_, err := newPool(t, pool.Config{}).Ping(within(t), hungUpError(t, func(c net.Conn) {
			_, _ = io.ReadFull(c, make([]byte, 13)) // mode byte and ping
		}))
		failed(t, err, pool.PhaseHandshake, pool.NotSent, io.EOF)
	})
}

// A server of HTTP waits for the end of a line, and gets it.
func TestTheHTTPPortIsToldAtOnce(t *testing.T) {
	h := httptest.NewServer(http.NotFoundHandler())
	defer h.Close()
	addr := h.Listener.Addr().String()
	_, err := newPool(t, pool.Config{DialTimeout: patience}).Ping(within(t), addr)
	failed(t, err, pool.PhaseHandshake, pool.NotSent, nil)
	if e := as[*pool.WrongPortError](t, err); e.Speaks != "HTTP" || !strings.Contains(err.Error(), "use the RPC port, 4647") || strings.Contains(err.Error(), "yamux") {
		t.Errorf("%v", err)
	}
	_, err = newPool(t, pool.Config{DialTimeout: patience, TLS: newAuthority(t).agent()}).Ping(within(t), addr)
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSNotSpoken)
	if e := as[*pool.WrongPortError](t, err); e.Speaks != "HTTP" {
		t.Errorf("%v", err)
	}
}

func TestAHangUpBeforeTheFirstByteNamesItsReasons(t *testing.T) {
	for name, cfg := range map[string]pool.Config{"plain": {}, "TLS": {TLS: newAuthority(t).agent()}} {
		for how, serve := range map[string]func(net.Conn){
			"EOF": func(net.Conn) {}, // as a server at its limit, once what was sent has been read
			"reset": func(c net.Conn) { // as one that closes with bytes unread
				_ = c.(*net.TCPConn).SetLinger(0)
				_ = c.Close()
			},
			"gossip": func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 2)) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				_, err := newPool(t, cfg).Ping(within(t), hungUpError(t, serve))
				if e := as[*pool.CallError](t, err); e.Outcome != pool.NotSent || e.Phase > pool.PhaseHandshake {
					t.Errorf("%v: phase %v", err, e.Phase)
				}
				for _, part := range []string{"rpc_max_conns_per_client, 100 by default", "RPC port (4647)"} {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("%v: has no %q", err, part)
					}
				}
			})
		}
	}
}

// stranger listens and does this to each connection, then closes it.
func hungUpError(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			serve(c)
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
				_, _ = io.Copy(io.Discard, c) // no reset: what was written arrives
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		receive(t, "the stranger", ended)
	})
	return ln.Addr().String()
}
