package pool

import (
	"cmp"
	"errors"
	"fmt"
	"net/rpc"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// serveCalls answers the calls of one stream, one after the other, until the
// server closes it or an answer ends it.
func (s *session) serveCalls(w *words) {
	v := &server{session: s, conn: w.conn, dec: wire.NewDecoder(), enc: wire.NewEncoder()}
	v.in = wire.NewClaimingReader(w, freeBytes, v.claim)
	defer v.claim(0)
	for v.serve() == nil {
		w.next(s.pool.cfg.IdleTimeout)
	}
}

// server is this side of a stream of calls that the peer makes. It is a
// rpc.ServerCodec too, for one request whose header has been read.
type server struct {
	session *session
	conn    *conn
	in      *wire.Reader
	dec     *wire.Decoder
	enc     *wire.Encoder
	header  wire.RequestHeader
	left    int    // bytes that the body may have
	body    []byte // valid until the next request
	claimed int64  // of Config.MaxReverseBytes
	failed  bool   // the body did not come: there is nothing to answer
	skipped bool   // package net/rpc has no method for the request, whose body was not read
	lacking string // its words for that
	out     []byte
	sent    error // of the last answer
}

// errRefused ends a stream behind an answer that servers do not go on after.
var errRefused = errors.New("request refused")

// maxRequestHeader bounds the header of a request, in bytes.
const maxRequestHeader = 128 << 10

// request reads the header of the next request. Its body stays where it is until
// there is somebody for it.
func (v *server) request() error {
	v.header, v.body = wire.RequestHeader{}, nil
	v.failed, v.skipped, v.lacking = false, false, ""
	limit := v.session.pool.cfg.MaxRequestBytes
	raw, err := v.in.Value(min(limit, maxRequestHeader))
	if err != nil {
		return err
	}
	v.left = limit - len(raw)
	return v.dec.Request(raw, &v.header)
}

// arguments reads the body of the request whole.
func (v *server) arguments() (err error) {
	v.body, err = v.in.Value(v.left)
	switch {
	case err == nil:
		_ = v.conn.SetDeadline(time.Time{}) // fails where writing does
	case errors.Is(err, wire.ErrNoRoom):
		p := v.session.pool
		p.counts.refusedBytes.Add(1)
		v.session.refused("the requests of all servers hold too many bytes")
		err = fmt.Errorf("rpc: request refused: all that are not answered yet may hold %d bytes (MaxReverseBytes)", p.cfg.MaxReverseBytes)
	default:
		_, tooLarge := errors.AsType[*SizeError](err)
		v.failed = !tooLarge
	}
	return err
}

// serve answers the next request. The error ends the stream.
func (v *server) serve() error {
	if err := v.request(); err != nil {
		return err
	}
	v.session.pool.counts.reverseCalls.Add(1)
	h := &v.session.pool.cfg.Handlers
	f := h.Calls[v.header.ServiceMethod]
	if f == nil && h.RPC != nil {
		if err := h.RPC.ServeRequest(v); !v.skipped {
			return cmp.Or(err, v.sent) // it has been answered
		}
	}
	if f == nil && h.CallFor != nil {
		f = h.CallFor(v.header.ServiceMethod)
	}
	if f == nil {
		return v.refuse(cmp.Or(v.lacking, h.unknown(v.header.ServiceMethod)))
	}
	if err := v.arguments(); v.failed {
		return err
	} else if err != nil {
		return v.refuse(err.Error())
	}
	reply, err := f(v.session.ctx, v.decode)
	if err != nil {
		return v.answer(answerText(err), nil)
	}
	return v.answer("", reply)
}

// refuse answers with an error that is the last word on the stream.
func (v *server) refuse(text string) error { return errors.Join(v.answer(text, nil), errRefused) }

// decode reads the body that is there into args, or nothing if that is nil.
func (v *server) decode(args any) error {
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
	for v.sent = nil; v.sent == nil && len(out) > 0; { // each piece in its time, however slow the line
		n := min(len(out), frameLimit)
		_ = v.conn.SetWriteDeadline(time.Now().Add(v.session.pool.cfg.HoldTimeout)) // fails where writing does
		_, v.sent = v.conn.Write(out[:n])
		out = out[n:]
	}
	return v.sent
}

// keepReply is the largest buffer that the stream of a server's calls holds on to.
const keepReply = 128 << 10

// ReadRequestHeader hands net/rpc the header that was read.
func (v *server) ReadRequestHeader(r *rpc.Request) error {
	r.Seq, r.ServiceMethod = v.header.Seq, v.header.ServiceMethod
	return nil
}

// ReadRequestBody reads the arguments for net/rpc. That wants nothing where it has
// no such method: then others may have it.
func (v *server) ReadRequestBody(args any) error {
	if args == nil {
		v.skipped = true
		return nil
	}
	if err := v.arguments(); err != nil {
		return err
	}
	return v.decode(args)
}

// WriteResponse sends what net/rpc answers, unless it has no such method.
func (v *server) WriteResponse(r *rpc.Response, reply any) error {
	switch {
	case v.failed:
		return nil
	case v.skipped:
		v.lacking = r.Error
		return nil
	}
	return v.answer(r.Error, reply)
}

// Close does nothing: the stream belongs to its goroutine.
func (v *server) Close() error { return nil }
