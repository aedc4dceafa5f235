package pool_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// The codec returns io.EOF where a value has too little for its type, which must not pass
// for the end of what the value came from.
func TestAValueThatHasTooLittleForItsTypeIsNoEndOfTheStream(t *testing.T) {
	own := pool.Codec{
		Encode: func(buf []byte, v any) ([]byte, error) { return append(buf, packed(t, v)...), nil },
		Decode: func(b []byte, v any) error { return codec.NewDecoderBytes(b, plain).Decode(v) },
	}
	for name, c := range map[string]pool.Codec{"the pool's": {}, "one's own": own} {
		t.Run(name, func(t *testing.T) {
			s, p := startServer(t), newPool(t, pool.Config{Codec: c, Handlers: pool.Handlers{Calls: map[string]pool.CallHandler{
				"Test.Map": func(_ context.Context, decode func(any) error) (any, error) {
					var m dict
					if err := decode(&m); !errors.Is(err, io.EOF) {
						return nil, err
					}
					return "the end", nil
				},
			}}})
			handleCopies(s)
			noError(t, p.Call(within(t), s.Addr(), "Node.Register", packed(t, node), nil))
			empty := pool.Raw{0x90}
			var m dict
			err := p.Call(within(t), s.Addr(), "Echo.Echo", empty, &m)
			if failed(t, err, pool.PhaseDecode, pool.MaybeExecuted, nil); errors.Is(err, io.EOF) {
				t.Errorf("the reply: %v", err)
			}
			stream := openStream(t, p, s.Addr(), "Test.Copy")
			noError(t, pool.WriteRequest(stream, empty))
			if err := pool.ReadRequest(stream, &m); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("what came on a stream: %v", err)
			}
			noError(t, stream.(interface{ CloseWrite() error }).CloseWrite())
			if err := pool.ReadRequest(stream, &m); !errors.Is(err, io.EOF) {
				t.Errorf("the stream's end: %v", err)
			}
			var answer any
			err = s.CallNode(within(t), "n1", "Test.Map", []any{}, &answer)
			if as[*testutil.RemoteError](t, err); answer != nil {
				t.Errorf("the arguments of a server: %v, %v", answer, err)
			}
		})
	}
}

func TestAHandlersErrorWithoutATextIsNoAnswer(t *testing.T) {
	textless := errors.New("")
	s, p := startServer(t), newPool(t, pool.Config{Handlers: pool.Handlers{
		Calls: map[string]pool.CallHandler{
			"Test.Fail":   func(context.Context, func(any) error) (any, error) { return "answer", textless },
			"Test.Remote": func(context.Context, func(any) error) (any, error) { return "answer", &pool.RemoteError{} },
		},
		Streams: map[string]pool.StreamHandler{"Test.Frames": func(context.Context, net.Conn) error { return textless }},
	}})
	noError(t, p.Call(within(t), s.Addr(), "Node.Register", node, nil))
	for _, method := range []string{"Test.Fail", "Test.Remote"} {
		err := s.CallNode(within(t), "n1", method, nil, nil)
		if remote := as[*testutil.RemoteError](t, err); remote.Text == "" {
			t.Errorf("%s: %v", method, err)
		}
	}
	conn, err := s.StreamNode(within(t), "n1", "Test.Frames")
	noError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = pool.NewFrameReader(conn).Next()
	as[*pool.StreamError](t, err)
}
