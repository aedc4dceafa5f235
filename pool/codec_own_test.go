package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// marked is a codec that differs from the pool's: what it writes is wrapped in a list.
type marked struct{ encoded, decoded atomic.Int64 }

func (m *marked) codec() pool.Codec {
	return pool.Codec{
		Encode: func(buf []byte, v any) ([]byte, error) {
			m.encoded.Add(1)
			var b []byte
			err := codec.NewEncoderBytes(&b, plain).Encode([]any{"marked", v})
			return append(buf, b...), err
		},
		Decode: func(b []byte, v any) error {
			m.decoded.Add(1)
			mark := ""
			return codec.NewDecoderBytes(b, plain).Decode([]any{&mark, v})
		},
	}
}

func TestACodecOfOnesOwnReadsAndWritesArgumentsAndReplies(t *testing.T) {
	services := rpc.NewServer()
	noError(t, services.Register(Arith{}))
	var m marked
	s, p := startServer(t), newPool(t, pool.Config{Codec: m.codec(), Handlers: pool.Handlers{
		RPC:   services,
		Calls: map[string]pool.CallHandler{"Test.Double": doubles},
		Streams: map[string]pool.StreamHandler{"Test.Twice": func(_ context.Context, c net.Conn) error {
			var text string
			if err := pool.ReadRequest(c, &text); err != nil {
				return err
			}
			return pool.WriteRequest(c, text+text)
		}},
	}})
	handleCopies(s)
	noError(t, p.Call(within(t), s.Addr(), "Node.Register", packed(t, node), nil))
	ping(t, p, s.Addr()) // has no values for the codec
	if n := m.encoded.Load(); n != 0 {
		t.Fatalf("%d encoded", n)
	}
	for _, want := range []any{"text", []byte("bytes"), dict{"a": "b"}, 5} {
		var wire pool.Raw
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", want, &wire); err != nil || !bytes.Equal(wire, packed(t, []any{"marked", want})) {
			t.Fatalf("%v was sent as %x, %v", want, wire, err)
		}
	}
	got := "of before"
	if err := p.Call(within(t), s.Addr(), "Echo.Echo", "text", &got); err != nil || got != "text" || m.decoded.Load() != 1 {
		t.Fatalf("%q, %v", got, err)
	}
	for method, want := range map[string]int64{"Test.Double": 20, "Arith.Half": 5} {
		var answer any
		if err := s.CallNode(within(t), "n1", method, []any{"marked", 10}, &answer); err != nil || !cmp.Equal(answer, any([]any{"marked", want})) {
			t.Errorf("%s: %v, %v", method, answer, err)
		}
	}
	for _, method := range []string{"Test.None", "NoDot", "Test.Double"} { // errors are the pool's own words
		var remote *testutil.RemoteError
		if err := s.CallNode(within(t), "n1", method, 10, nil); !errors.As(err, &remote) {
			t.Errorf("%s: %v", method, err)
		}
	}
	c := openStream(t, p, s.Addr(), "Test.Copy")
	noError(t, pool.WriteRequest(c, "request"))
	if err := pool.ReadRequest(c, &got); err != nil || got != "request" {
		t.Fatalf("%q, %v", got, err)
	}
	n, err := s.StreamNode(within(t), "n1", "Test.Twice")
	noError(t, err)
	defer func() { _ = n.Close() }()
	if _, err := n.Write(packed(t, []any{"marked", "x"})); err != nil {
		t.Fatal(err)
	}
	var raw pool.Raw
	if err := pool.ReadRequest(n, &raw); err != nil || !bytes.Equal(raw, packed(t, []any{"marked", "xx"})) {
		t.Fatalf("%x, %v", raw, err)
	}
}

// asked is what a codec under test is to do.
type asked func(buf []byte, v any) ([]byte, error)

func (a asked) MarshalBinary() ([]byte, error) { return nil, nil }

func TestACodecThatDoesNotAppendOneValueSendsNothing(t *testing.T) {
	broken := errors.New("broken")
	s, p := startServer(t), newPool(t, pool.Config{Codec: pool.Codec{
		Encode: func(buf []byte, v any) ([]byte, error) {
			if f, ok := v.(asked); ok {
				return f(buf, v)
			}
			return append(buf, 0x80), nil
		},
		Decode: func(b []byte, v any) error { return codec.NewDecoderBytes(b, plain).Decode(v) },
	}})
	ping(t, p, s.Addr())
	before := s.Counts().Requests
	for name, f := range map[string]asked{
		"nothing":       func(buf []byte, _ any) ([]byte, error) { return buf, nil },
		"nil":           func([]byte, any) ([]byte, error) { return nil, nil },
		"two":           func(buf []byte, _ any) ([]byte, error) { return append(buf, 0x80, 0x80), nil },
		"half":          func(buf []byte, _ any) ([]byte, error) { return append(buf, 0x81, 0xa1), nil },
		"no value":      func(buf []byte, _ any) ([]byte, error) { return append(buf, 0xc1), nil },
		"too deep":      func(buf []byte, _ any) ([]byte, error) { return append(buf, bytes.Repeat([]byte{0x91}, 200)...), nil },
		"error":         func(buf []byte, _ any) ([]byte, error) { return append(buf, 0x80), broken },
		"panic":         func([]byte, any) ([]byte, error) { panic("in Encode") },
		"error's panic": func([]byte, any) ([]byte, error) { panic(broken) },
		"runtime's":     func(buf []byte, _ any) ([]byte, error) { return buf[:cap(buf)+1], nil },
	} {
		err := p.Call(within(t), s.Addr(), "Echo.Echo", f, nil)
		failed(t, err, pool.PhaseFind, pool.NotSent, nil)
		if e := as[*pool.EncodeError](t, err); strings.HasPrefix(name, "error") != errors.Is(err, broken) || e.Args != "pool_test.asked" {
			t.Errorf("%s: %v", name, err)
		}
	}
	var got pool.Raw
	for name, f := range map[string]asked{
		"a slice of its own": func([]byte, any) ([]byte, error) { return []byte{0x91, 1}, nil },
		"over the front":     func(buf []byte, _ any) ([]byte, error) { clear(buf[:cap(buf)]); return append(buf, 0x91, 1), nil },
		"no room":            func(buf []byte, _ any) ([]byte, error) { return append(buf[:len(buf):len(buf)], 0x91, 1), nil },
	} {
		if err := p.Call(within(t), s.Addr(), "Echo.Echo", f, &got); err != nil || string(got) != "\x91\x01" {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
	if n := s.Counts().Requests - before; n != 3 {
		t.Fatalf("%d requests", n)
	}
	if st := p.Stats(); st.CallsInFlight != 0 || st.Dials != 1 || st.Streams != 1 {
		t.Fatalf("%+v", st)
	}
}

func TestACodecsFailuresAndPanicsFailTheirCallOnly(t *testing.T) {
	broken := errors.New("broken")
	s, p := startServer(t), newPool(t, pool.Config{
		Codec: pool.Codec{
			Encode: func(buf []byte, v any) ([]byte, error) {
				if v == "panic" {
					panic("in Encode")
				}
				var b []byte
				err := codec.NewEncoderBytes(&b, plain).Encode(v)
				return append(buf, b...), err
			},
			Decode: func(b []byte, v any) error {
				if err := codec.NewDecoderBytes(b, plain).Decode(v); err != nil {
					return err
				}
				switch *v.(*string) {
				case "panic":
					panic("in Decode")
				case "broken":
					return broken
				}
				return nil
			},
		},
		Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
			"Test.Echo": func(_ context.Context, decode func(any) error) (any, error) {
				var text string
				err := decode(&text)
				return text, err
			},
			"Test.Panic": func(context.Context, func(any) error) (any, error) { return "panic", nil },
		}},
	})
	noError(t, p.Call(within(t), s.Addr(), "Node.Register", packed(t, node), nil))
	for _, text := range []string{"panic", "broken"} {
		got := "of before"
		err := p.Call(within(t), s.Addr(), "Echo.Echo", packed(t, text), &got)
		failed(t, err, pool.PhaseDecode, pool.MaybeExecuted, nil)
		if as[*pool.DecodeError](t, err); got != "" || errors.Is(err, broken) != (text == "broken") {
			t.Errorf("%q, %v", got, err)
		}
		err = s.CallNode(within(t), "n1", "Test.Echo", text, nil)
		if remote := as[*testutil.RemoteError](t, err); !strings.Contains(remote.Text, text) {
			t.Errorf("%v", err)
		}
	}
	err := s.CallNode(within(t), "n1", "Test.Panic", "x", nil)
	if remote := as[*testutil.RemoteError](t, err); !strings.Contains(remote.Text, "cannot be encoded: Codec.Encode panicked: in Encode") {
		t.Error(err)
	}
	var got string
	if err := s.CallNode(within(t), "n1", "Test.Echo", "well", &got); err != nil || got != "well" {
		t.Fatal(got, err)
	}
	if err := p.Call(within(t), s.Addr(), "Echo.Echo", "well", &got); err != nil || got != "well" {
		t.Fatal(got, err)
	}
	await(t, "the release", func() bool { return inUse(p) == 0 })
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials", n)
	}
}

// What a Decode keeps of its bytes is not written over by later calls.
func TestACodecMayKeepItsArguments(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{Codec: pool.Codec{
		Encode: func(buf []byte, v any) ([]byte, error) { return append(buf, packed(t, v)...), nil },
		Decode: func(b []byte, v any) error { *v.(*[]byte) = b; return nil },
	}})
	for _, size := range []int{100, 40 << 10, 3 << 20} {
		var kept [3][]byte
		for i := range kept {
			args := bytes.Repeat([]byte{byte('a' + i)}, size)
			noError(t, p.Call(within(t), s.Addr(), "Echo.Echo", args, &kept[i]))
		}
		for i, b := range kept {
			if !bytes.HasSuffix(b, bytes.Repeat([]byte{byte('a' + i)}, size)) {
				t.Errorf("%d bytes of call %d were written over", size, i)
			}
		}
	}
}

func TestHalfACodecIsRefused(t *testing.T) {
	var m marked
	for _, c := range []pool.Codec{{Encode: m.codec().Encode}, {Decode: m.codec().Decode}} {
		_, err := pool.New(pool.Config{Codec: c})
		if e := as[*pool.ConfigError](t, err); e.Field != "Codec" || !strings.Contains(e.Reason, "set both") {
			t.Error(err)
		}
	}
}

// grumpy is a type whose own methods panic.
type grumpy struct{ when string }

func (g grumpy) MarshalBinary() ([]byte, error) {
	if g.when == "sent" {
		panic("in MarshalBinary")
	}
	return []byte("b"), nil
}

func (g *grumpy) UnmarshalBinary([]byte) error { panic(fmt.Errorf("in UnmarshalBinary")) }

func TestTypesWhoseMethodsPanicFailTheirCallOnly(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
		"Test.Args": func(_ context.Context, decode func(any) error) (any, error) { return nil, decode(new(grumpy)) },
		"Test.Reply": func(context.Context, func(any) error) (any, error) {
			return map[string]grumpy{"deep": {"sent"}}, nil
		},
	}}})
	register(t, p, s)
	err := p.Call(within(t), s.Addr(), "Echo.Echo", grumpy{"sent"}, nil)
	failed(t, err, pool.PhaseFind, pool.NotSent, nil)
	as[*pool.EncodeError](t, err)
	err = p.Call(within(t), s.Addr(), "Echo.Echo", grumpy{}, new(grumpy))
	failed(t, err, pool.PhaseDecode, pool.MaybeExecuted, nil)
	as[*pool.DecodeError](t, err)
	for method, want := range map[string]string{"Test.Args": "in UnmarshalBinary", "Test.Reply": "in MarshalBinary"} {
		if err := s.CallNode(within(t), "n1", method, "x", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", method, err)
		}
	}
	ping(t, p, s.Addr())
	await(t, "the release", func() bool { return inUse(p) == 0 })
	if n := p.Stats().Dials; n != 1 {
		t.Fatalf("%d dials", n)
	}
}

func TestARequestThatIsTooLargeIsCalledOne(t *testing.T) {
	announced := []byte{0xdb, 0, 0x20, 0, 0} // a string of 2 MiB
	err := pool.ReadRequest(bytes.NewReader(announced), new(string))
	size := as[*pool.SizeError](t, err)
	if !size.Request || err.Error() != "request of at least 2097157 bytes is over the limit of 1048576" {
		t.Errorf("%+v: %v", size, err)
	}
}
