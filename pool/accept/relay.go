package accept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Refusal is an answer that is an error.
type Refusal struct {
	Text string // as it was sent, or is to be sent, to the byte
	Ends bool   // the stream of the call ends behind it, as servers do after an unknown method
}

// Error is the text on one line, printable and cut, for people.
func (e *Refusal) Error() string { return printable.Text(e.Text) }

// handlers are those of a session whose requests go to relay.
func handlers(relay Relay) session.Handlers {
	return session.Handlers{
		Call:    func(string) session.CallHandler { return nil },
		Unknown: unknown,
		CallFor: func(method string) session.CallHandler {
			return func(ctx context.Context, decode func(any) error) (any, error) {
				var args view
				if err := decode(&args); err != nil {
					return nil, err
				}
				reply, err := relay.Call(ctx, method, pool.Raw(args))
				if err != nil {
					return nil, err
				}
				return reply, nil
			}
		},
		Open: func(ctx context.Context, method string) (session.StreamHandler, error) {
			serve, err := relay.Open(ctx, method)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, conn net.Conn) error {
				serve(ctx, conn)
				return nil
			}, nil
		},
	}
}

// unknown is the answer to a method whose name is too long to be one: the text of net/rpc.
func unknown(method string) string {
	shown := printable.Line(method, 256)
	if !strings.Contains(method, ".") {
		return "rpc: service/method request ill-formed: " + shown
	}
	return "rpc: can't find service " + shown
}

// view is a value as its bytes, which are valid while a handler runs.
type view []byte

// rawCodec passes values on as bytes; it is a session.Codec. What it is given to write came in
// as a whole value.
type rawCodec struct{}

func (rawCodec) Append(_ *wire.Encoder, buf []byte, v any) ([]byte, error) {
	raw, err := bytesOf(v)
	return append(buf, raw...), err
}

// Large has a value sent piece by piece that would take a large buffer.
func (rawCodec) Large(_ *wire.Encoder, v any) bool {
	raw, err := bytesOf(v)
	return err == nil && len(raw) > wire.SmallValue
}

func (rawCodec) Write(_ *wire.Writer, w io.Writer, v any) error {
	raw, err := bytesOf(v)
	if err == nil {
		_, err = w.Write(raw)
	}
	return err
}

func bytesOf(v any) (pool.Raw, error) {
	raw, ok := v.(pool.Raw)
	if !ok || len(raw) == 0 {
		return nil, fmt.Errorf("a value of type %T is no pool.Raw", v)
	}
	return raw, nil
}

func (rawCodec) Read(_ *wire.Decoder, b []byte, _ bool, v any) (given bool, err error) {
	switch v := v.(type) {
	case nil:
	case *view:
		*v = b
	case *pool.Raw:
		*v = bytes.Clone(b)
	default:
		return false, fmt.Errorf("a value of type %T is no pool.Raw", v)
	}
	return false, nil
}

// texts makes the errors of sessions; it is a session.Errors.
type texts struct{}

func (texts) Protocol(layer, reason string, cause error) error {
	return &pool.ProtocolError{Layer: layer, Reason: reason, Err: cause}
}

func (texts) Garbled(err error) error { return err }

func (texts) Room(limit, received int) error {
	return &pool.RoomError{Limit: limit, Received: received}
}

func (texts) Hold(limit time.Duration, received int64) error {
	return &pool.HoldError{Limit: limit, Received: received}
}

// Coded is for handlers that fail, which those of a Relay do not.
func (texts) Coded(err error) (code int, text string) { return 500, err.Error() }

func (texts) Encode(args any, err error) error {
	return &pool.EncodeError{Args: fmt.Sprintf("%T", args), Err: err}
}

func (texts) Decode(reply any, err error) error {
	return &pool.DecodeError{Reply: fmt.Sprintf("%T", reply), Err: err}
}

// Remote keeps the text. Agents end the stream behind each answer that is an error, or may.
func (texts) Remote(text string) (err error, closes bool) { return &Refusal{Text: text}, true }

// Text is that of a Refusal, to the byte.
func (texts) Text(err error) (text string, closes bool) {
	if r, ok := errors.AsType[*Refusal](err); ok {
		text, closes = r.Text, r.Ends
	} else {
		text = err.Error()
	}
	if text == "" {
		text = fmt.Sprintf("an error of type %T without a text", err)
	}
	return text, closes
}
