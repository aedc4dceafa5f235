package pool_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
	"github.com/open-nomad/rpcproxy/testutil"
)

// says is a handler that answers a text.
func says(text string) pool.CallHandler {
	return func(context.Context, func(any) error) (any, error) { return text, nil }
}

// lookedUp is handlers of all kinds, some of which have the same names.
func lookedUp(t *testing.T) pool.Handlers {
	t.Helper()
	services := rpc.NewServer()
	noError(t, services.Register(Arith{}))
	named := func(text string) pool.StreamHandler {
		return func(_ context.Context, c net.Conn) error { _, err := io.WriteString(c, text); return err }
	}
	return pool.Handlers{
		Calls: map[string]pool.CallHandler{"Test.Double": doubles},
		RPC:   services,
		CallFor: func(method string) pool.CallHandler {
			switch {
			case method == "Test.Panic":
				panic("a look-up's")
			case strings.HasPrefix(method, "Plugin.") || method == "Test.Double" || method == "Arith.Half" || method == "NoDot":
				return says("looked up " + method)
			}
			return nil
		},
		Streams: map[string]pool.StreamHandler{"Test.Name": named("by name")},
		StreamFor: func(method string) pool.StreamHandler {
			switch {
			case method == "Test.Panic":
				panic("a look-up's")
			case strings.HasPrefix(method, "Plugin.") || method == "Test.Name":
				return named("looked up")
			}
			return nil
		},
	}
}

func TestAMethodThatIsNotListedIsLookedUp(t *testing.T) {
	var log logged
	handlers := lookedUp(t)
	handlers.RPC = nil
	for name, h := range map[string]pool.Handlers{"with net/rpc": lookedUp(t), "without": handlers} {
		t.Run(name, func(t *testing.T) {
			s, p := agentWith(t, pool.Config{Handlers: h, Logger: zerolog.New(&log)})
			for method, want := range map[string]string{"Plugin.Any": "looked up Plugin.Any", "NoDot": "looked up NoDot"} {
				var got string
				if err := s.CallNode(within(t), "n1", method, strings.Repeat("x", 100_000), &got); err != nil || got != want {
					t.Errorf("%s: %q, %v", method, got, err)
				}
			}
			var n int
			if err := s.CallNode(within(t), "n1", "Test.Double", 4, &n); err != nil || n != 8 {
				t.Errorf("a listed one: %d, %v", n, err)
			}
			for method, want := range map[string]string{
				"No.Such": "rpc: can't find service No.Such", "Test.Such": "rpc: can't find ",
			} {
				err := s.CallNode(within(t), "n1", method, 1, nil)
				if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || !strings.HasPrefix(remote.Text, want) {
					t.Errorf("%s: %v", method, err)
				}
			}
			for method, want := range map[string]string{"Test.Name": "by name", "Plugin.Any": "looked up"} {
				c, err := s.StreamNode(within(t), "n1", method)
				noError(t, err)
				_ = c.SetDeadline(time.Now().Add(patience))
				if got, err := io.ReadAll(c); err != nil || string(got) != want {
					t.Errorf("%s: %q, %v", method, got, err)
				}
				_ = c.Close()
			}
			_, err := s.StreamNode(within(t), "n1", "No.Stream")
			if remote, ok := errors.AsType[*testutil.RemoteError](err); !ok || remote.Text != `Unknown rpc method: "No.Stream"` {
				t.Errorf("%v", err)
			}
			if err := s.CallNode(within(t), "n1", "Test.Panic", 1, nil); err == nil {
				t.Error("it was answered")
			}
			if _, err := s.StreamNode(within(t), "n1", "Test.Panic"); err == nil {
				t.Error("it was acknowledged")
			}
			pool.Written(p)
			if n := strings.Count(log.String(), "a look-up's"); n < 1 || p.Stats().Panics != 2 {
				t.Errorf("%d panics, in the log: %q", p.Stats().Panics, log.String())
			}
			ping(t, p, s.Addr())
			await(t, "the release", func() bool { return inUse(p) == 0 })
			if st := p.Stats(); st.Dials != 1 || st.ReverseCalls != 6 || st.ReverseStreams != 4 || st.ReverseBytes != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
	// package net/rpc is asked first.
	s, _ := agentWith(t, pool.Config{Handlers: lookedUp(t)})
	var half int
	if err := s.CallNode(within(t), "n1", "Arith.Half", 10, &half); err != nil || half != 5 {
		t.Errorf("%d, %v", half, err)
	}
}

// request begins a call: mode byte, header, and a body of n bytes of which a part is
// there.
func request(t *testing.T, method string, n, part int) []byte {
	t.Helper()
	b, err := wire.NewEncoder().Value(wire.AppendRequest([]byte{wire.ModeRPC}, 7, method), strings.Repeat("x", n))
	noError(t, err)
	return b[:len(b)-n+part]
}

// answered reads one answer from the agent.
func answered(t *testing.T, from io.Reader) (text string) {
	t.Helper()
	r := wire.NewReader(from)
	raw, err := r.Value(1 << 20)
	noError(t, err)
	var h wire.Header
	if err := wire.NewDecoder().Header(raw, &h); err != nil || h.Seq != 7 {
		t.Fatalf("%+v, %v", h, err)
	}
	if _, err := r.Value(1 << 20); err != nil {
		t.Fatal(err)
	}
	return h.Error
}

func TestARequestWithoutAMethodForItIsNotReadFurther(t *testing.T) {
	for name, h := range map[string]pool.Handlers{"listed": doubling(), "looked up": lookedUp(t)} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, pool.Config{Handlers: h})
			_, server := connectRaw(t, p)
			for range 50 {
				st := server.opens(t, request(t, "No.Such", 4_000_000, 10_000))
				if text := answered(t, st); text != "rpc: can't find service No.Such" {
					t.Fatalf("%q", text)
				}
				_ = st.Close()
			}
			await(t, "everything is given back", func() bool { return p.Stats().ReverseBytes == 0 })
			if st := p.Stats(); st.RefusedBytes != 0 {
				t.Fatalf("%+v", st)
			}
		})
	}
}

func TestRequestsOfServersTakeNoMoreThanTheirBytes(t *testing.T) {
	const most, large = 256 << 10, 100_000 // for which a buffer of 128 KiB is needed
	var log logged
	h := lookedUp(t)
	h.Calls["Test.Text"] = func(_ context.Context, decode func(any) error) (any, error) {
		var text string
		return nil, decode(&text)
	}
	p := newPool(t, pool.Config{MaxReverseBytes: most, Handlers: h, Logger: zerolog.New(&log)})
	first, one := connectRaw(t, p)
	second, two := connectRaw(t, p) // another server: they have one limit
	held := one.opens(t, request(t, "Test.Text", large, large-1))
	// The whole of it is in one buffer, which has grown by doubling. On its way there it takes twice as much.
	await(t, "the first request", func() bool { return p.Stats().ReverseBytes == 124<<10 })
	for n := range uint64(10) {
		for _, method := range []string{"Test.Text", "Plugin.Any", "Arith.Half"} {
			st := two.opens(t, request(t, method, 2*large, 2*large-1))
			if text := answered(t, st); !strings.Contains(text, "262144 bytes") || !strings.Contains(text, "MaxReverseBytes") {
				t.Fatalf("%s: %q", method, text)
			}
			_ = st.Close()
		}
		if st := p.Stats(); st.RefusedBytes != 3*(n+1) || st.ReverseBytes > most {
			t.Fatalf("%+v", st)
		}
		small := two.opens(t, request(t, "Test.Text", 1000, 1000))
		if text := answered(t, small); text != "" {
			t.Fatalf("a small one: %q", text)
		}
		_ = small.Close()
	}
	await(t, "the end of what was refused", func() bool { return p.Stats().ReverseBytes < most-large*5/4 }) // room to decode it
	if _, err := held.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if text := answered(t, held); text != "" {
		t.Fatalf("the first one: %q", text)
	}
	await(t, "its release", func() bool { return p.Stats().ReverseBytes == 0 })
	st := two.opens(t, request(t, "Test.Text", large, large))
	if text := answered(t, st); text != "" {
		t.Fatalf("afterwards: %q", text)
	}
	await(t, "its release too", func() bool { return p.Stats().ReverseBytes == 0 })
	// Another one that is not answered ends with its session.
	_ = one.opens(t, request(t, "Test.Text", large, large-1))
	await(t, "another one", func() bool { return p.Stats().ReverseBytes > large })
	_ = one.Close()
	_ = two.Close()
	await(t, "the end of both", func() bool { return p.Stats().ReverseBytes == 0 && p.Stats().Sessions == 0 })
	pool.Written(p)
	refused := make(map[string]int) // lines, by server
	for line := range strings.Lines(log.String()) {
		for _, addr := range []string{first, second} {
			if strings.Contains(line, "were refused") && strings.Contains(line, addr) {
				refused[addr]++
			}
		}
	}
	if refused[second] != 1 || refused[first] != 0 {
		t.Fatalf("%v lines, want one a minute and session:\n%s", refused, log.String())
	}
}

func TestStreamsThatAreTooManyAreLoggedOnceAMinute(t *testing.T) {
	var log logged
	p := newPool(t, pool.Config{MaxReverseStreams: 1, Handlers: doubling(), Logger: zerolog.New(&log)})
	_, server := connectRaw(t, p)
	reads(t, server.opens(t, wire.AppendStream([]byte{wire.ModeStreaming}, "Test.Echo")), wire.AppendAck(nil, ""))
	for n := range uint64(20) {
		st := server.opens(t, nil)
		if _, err := io.ReadAll(st); err == nil {
			t.Fatal("it was served")
		}
		_ = st.Close()
		if got := p.Stats().Refused; got != n+1 {
			t.Fatalf("%d refused, want %d", got, n+1)
		}
	}
	await(t, "the line", func() bool { return strings.Contains(log.String(), "were refused") })
	if text := log.String(); strings.Count(text, "were refused") != 1 || !strings.Contains(text, `"refused":1,`) || !strings.Contains(text, "too many streams") {
		t.Fatal(text)
	}
}
