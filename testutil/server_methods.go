package testutil

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// Handler answers one method. The context ends when the connection, or the
// server, does; a handler that waits must heed it, or stopping the server has
// to wait for it. What it returns is encoded as the reply; nil is an empty map
// and [Raw] goes out as it is. The text of an error is sent to the client, and
// the stream stays open, except after an error of [Request.Decode].
type Handler func(ctx context.Context, r *Request) (any, error)

// StreamHandler serves one streaming call after the server acknowledged it. The
// connection is at the method's own request map and is closed when the handler
// returns.
type StreamHandler func(ctx context.Context, c net.Conn) error

// Request is one request as it was read. It is of use until its handler returns.
type Request struct {
	Method string   // as the client spelled it
	Seq    uint64   // chosen by the client
	Remote net.Addr // the client

	conn   *conn
	header []byte
	body   []byte
}

// Body returns the arguments as one encoded msgpack value. It must not be changed,
// and is valid until the handler's answer has been sent.
func (r *Request) Body() Raw { return r.body }

// Decode reads the arguments into the fresh variable v points to. The error is
// *ArgumentError; a handler that returns it has the stream closed after the
// answer, as real servers do.
func (r *Request) Decode(v any) error {
	if decode(r.body, v) == nil {
		return nil
	}
	// A real server has one decoder for a stream, so the position it reports
	// counts from the header on. Decoding both once more finds it.
	d := codec.NewDecoderBytes(slices.Concat(r.header, r.body), msgpackHandle)
	err := d.Decode(&requestHeader{})
	if err == nil {
		err = d.Decode(v)
	}
	return &ArgumentError{Method: r.Method, Err: err}
}

// ArgumentError reports that the arguments of a request have the wrong type. Its
// text is that of the decoder, which is what the client gets.
type ArgumentError struct {
	Method string
	Err    error
}

func (e *ArgumentError) Error() string { return e.Err.Error() }

func (e *ArgumentError) Unwrap() error { return e.Err }

// method is one entry of a server's table.
type method struct {
	call   Handler       // nil for a streaming method
	stream StreamHandler // nil for an RPC method
	calls  *atomic.Int64 // requests that named it
}

// methodTable is published as a whole and never changed.
type methodTable map[string]method

// find looks a method up. The error has the text real servers answer with.
func (t methodTable) find(name string) (method, error) {
	if m, ok := t[name]; ok && m.call != nil {
		return m, nil
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return method{}, errors.New("rpc: service/method request ill-formed: " + name)
	}
	service := name[:dot]
	for known, m := range t {
		if m.call != nil && strings.HasPrefix(known, service+".") {
			return method{}, errors.New("rpc: can't find method " + name)
		}
	}
	return method{}, errors.New("rpc: can't find service " + name)
}
