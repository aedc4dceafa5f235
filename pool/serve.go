package pool

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// serveCalls answers the calls of one stream, one after the other, until the
// server closes it or an answer ends it.
func (s *session) serveCalls(w *words) {
	cfg, c := &s.pool.cfg, w.conn
	v := &server{session: s, conn: c, in: wire.NewReader(w), dec: wire.NewDecoder(), enc: wire.NewEncoder()}
	for {
		if err := v.request(cfg.MaxRequestBytes); err != nil {
			if tooLarge, ok := errors.AsType[*SizeError](err); ok && v.header.ServiceMethod != "" {
				_ = v.answer(tooLarge.Error(), nil) // it is the last word anyway
			}
			return
		}
		_ = c.SetDeadline(time.Time{}) // fails where writing does
		if err := v.serve(); err != nil {
			return
		}
		w.next(cfg.IdleTimeout)
	}
}

// server is this side of a stream of calls that the peer makes. It is a
// rpc.ServerCodec too, for one request that has been read.
type server struct {
	session *session
	conn    *conn
	in      *wire.Reader
	dec     *wire.Decoder
	enc     *wire.Encoder
	header  wire.RequestHeader
	body    []byte // valid until the next request
	out     []byte
	sent    error // of the last answer
}

// errRefused ends a stream behind an answer that servers do not go on after.
var errRefused = errors.New("request refused")

// request reads the next request whole.
func (v *server) request(limit int) error {
	v.header = wire.RequestHeader{}
	raw, err := v.in.Value(limit)
	if err != nil {
		return err
	}
	size := len(raw)
	if err := v.dec.Request(raw, &v.header); err != nil {
		return err
	}
	v.body, err = v.in.Value(limit - size)
	return err
}

// serve answers the request that was read. The error ends the stream.
func (v *server) serve() error {
	h := &v.session.pool.cfg.Handlers
	if f, known := h.Calls[v.header.ServiceMethod]; known {
		reply, err := f(v.session.streaming, func(args any) error { return v.dec.Body(v.body, args) })
		if err != nil {
			return v.answer(answerText(err), nil)
		}
		return v.answer("", reply)
	}
	if h.RPC == nil {
		return errors.Join(v.answer(h.unknown(v.header.ServiceMethod), nil), errRefused)
	}
	if err := h.RPC.ServeRequest(v); err != nil {
		return err // it has been answered, and the stream ends
	}
	return v.sent
}

// answer sends one answer, header and body in one write.
func (v *server) answer(text string, body any) error {
	if body == nil || text != "" {
		body = wire.Nothing
	}
	h := wire.Header{Error: text, Seq: v.header.Seq, ServiceMethod: v.header.ServiceMethod}
	out, err := v.enc.Reply(v.out[:0], h, body)
	if err != nil {
		h.Error = fmt.Sprintf("rpc: the reply of type %T cannot be encoded: %v", body, err)
		if out, err = v.enc.Reply(v.out[:0], h, wire.Nothing); err != nil {
			return err
		}
	}
	if v.out = out; cap(out) > keepReply {
		v.out = nil
	}
	_ = v.conn.SetWriteDeadline(time.Now().Add(v.session.pool.cfg.HoldTimeout)) // fails where writing does
	_, v.sent = v.conn.Write(out)
	return v.sent
}

// keepReply is the largest buffer that the stream of a server's calls holds on to.
const keepReply = 128 << 10

// ReadRequestHeader hands net/rpc the header that was read.
func (v *server) ReadRequestHeader(r *rpc.Request) error {
	r.Seq, r.ServiceMethod = v.header.Seq, v.header.ServiceMethod
	return nil
}

// ReadRequestBody reads the arguments for net/rpc, or nothing.
func (v *server) ReadRequestBody(args any) error { return v.dec.Body(v.body, args) }

// WriteResponse sends what net/rpc answers.
func (v *server) WriteResponse(r *rpc.Response, reply any) error { return v.answer(r.Error, reply) }

// Close does nothing: the stream belongs to its goroutine.
func (v *server) Close() error { return nil }

// ReadRequest reads the request map that comes first on the conn of a
// StreamHandler into args, a non-nil pointer, byte by byte as far as it goes, so
// that what follows can be read from conn. It must take no more than 1 MiB. The
// error is *ProtocolError, *SizeError, the codec's, or that of conn.
func ReadRequest(conn io.Reader, args any) error {
	raw, err := wire.NewReader(single{conn}).Value(maxRequestMap)
	if err != nil {
		return garbled(err)
	}
	return wire.NewDecoder().Body(raw, args)
}

// maxRequestMap bounds the request of a streaming call, in bytes.
const maxRequestMap = 1 << 20

// single reads one byte at a time.
type single struct{ io.Reader }

func (s single) Read(b []byte) (int, error) { return s.Reader.Read(b[:min(len(b), 1)]) }
