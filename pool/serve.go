package pool

import (
	"errors"
	"fmt"
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
		reply, err := f(v.session.streaming, v.arguments)
		if err != nil {
			return v.answer(err.Error(), nil)
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

// arguments reads the arguments of the request into args, or nothing if that is nil.
func (v *server) arguments(args any) error {
	return v.session.pool.cfg.Codec.read(v.dec, v.body, false, args)
}

// answer sends one answer, header and body in one write.
func (v *server) answer(text string, body any) error {
	if body == nil || text != "" {
		body = &emptyMap
	}
	h := wire.Header{Error: text, Seq: v.header.Seq, ServiceMethod: v.header.ServiceMethod}
	out, err := v.session.pool.cfg.Codec.append(v.enc, wire.AppendReply(v.out[:0], h), body)
	if err != nil {
		h.Error = fmt.Sprintf("rpc: the reply of type %T cannot be encoded: %v", body, err)
		out = append(wire.AppendReply(v.out[:0], h), emptyMap...)
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
func (v *server) ReadRequestBody(args any) error { return v.arguments(args) }

// WriteResponse sends what net/rpc answers.
func (v *server) WriteResponse(r *rpc.Response, reply any) error { return v.answer(r.Error, reply) }

// Close does nothing: the stream belongs to its goroutine.
func (v *server) Close() error { return nil }
