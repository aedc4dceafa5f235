package session

import (
	"cmp"
	"errors"
	"fmt"
	"net/rpc"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// serveCalls answers the calls of one stream, one after the other, until the server
// closes it or an answer ends it.
func (s *Session) serveCalls(r *requestReader) {
	v := &callServer{
		session: s, cfg: s.cfg, conn: r.conn, dec: wire.NewDecoder(), enc: wire.NewEncoder(),
		writer: s.newAnswerWriter(r.conn), made: r.conn.made,
		asked: claim{share: &s.conn.Share}, said: claim{share: &s.conn.Share},
	}
	v.dec.Charge(func(bytes uint64) error {
		err := v.made.hold(v.decoded+bytes, v.asked.held)
		if err == nil {
			v.decoded += bytes
		}
		return err
	})
	v.in = wire.NewClaimingReader(r, mux.FreeBytes, v.asked.hold)
	defer v.asked.hold(0)
	for v.serve() == nil {
		r.next(s.cfg.IdleTimeout)
	}
}

// callServer is this side of a stream of calls that the server makes. It is a
// rpc.ServerCodec too, for one request whose header has been read.
type callServer struct {
	session  *Session
	cfg      *Config
	conn     *Conn
	in       *wire.Reader
	dec      *wire.Decoder
	enc      *wire.Encoder
	header   wire.RequestHeader
	left     int    // bytes that the body may have
	body     []byte // valid until the next request
	asked    claim  // for the request
	said     claim  // for its answer
	made     *made  // what it was decoded into
	decoded  uint64 // bytes of that, as estimated
	failed   bool   // the body did not come: there is nothing to answer
	skipped  bool   // package net/rpc has no method for the request, whose body was not read
	notFound string // its text for that
	writer   answerWriter
	out      []byte // of the last answer, behind room for the head of a frame; may be nil
	sent     error  // of the last answer
}

// errRefused ends a stream behind an answer after which servers do not go on.
var errRefused = errors.New("request refused")

const (
	// maxRequestHeader bounds the header of a request, in bytes.
	maxRequestHeader = 128 << 10
	// maxMethod is the longest name that a method may have, shownMethod how much of one that
	// there is not is sent back, in bytes.
	maxMethod, shownMethod = 1 << 10, 256
	// keepReply is the largest buffer that is kept between two answers.
	keepReply = 128 << 10
)

// request reads the header of the next request. Its body stays on the stream until it is
// known which handler gets it.
func (v *callServer) request() error {
	v.header, v.body = wire.RequestHeader{}, nil
	v.failed, v.skipped, v.notFound, v.decoded = false, false, "", 0
	_ = v.made.hold(0, 0) // no more than before
	limit := v.cfg.MaxRequestBytes
	raw, err := v.in.Value(min(limit, maxRequestHeader))
	if err != nil {
		v.session.noteNoRoom(err)
		return err
	}
	v.left = limit - len(raw)
	return v.dec.Request(raw, &v.header)
}

// arguments reads the whole body of the request.
func (v *callServer) arguments() (err error) {
	v.body, err = v.in.Value(v.left)
	switch {
	case err == nil:
	case v.session.noteNoRoom(err):
		err = fmt.Errorf("rpc: request refused: all that are not answered yet may hold %d bytes (%s)", v.cfg.MaxReverseBytes, v.cfg.RoomName)
	default:
		size, tooLarge := errors.AsType[*wire.SizeError](err)
		if v.failed = !tooLarge; tooLarge {
			size.Request = true
			err = fmt.Errorf("rpc: request refused: %w (MaxRequestBytes)", size)
		}
	}
	return err
}

// serve answers the next request. The error ends the stream.
func (v *callServer) serve() error {
	if err := v.request(); err != nil {
		return err
	}
	v.cfg.Counters.ReverseCalls.Add(1)
	v.session.requests.Add(1)
	defer v.session.requests.Add(-1)
	h, method := &v.cfg.Handlers, v.header.ServiceMethod
	if len(method) > maxMethod {
		v.header.ServiceMethod = ""
		return v.refuse(h.Unknown(method))
	}
	f := h.Call(method)
	if f == nil && h.RPC != nil {
		if err := h.RPC.ServeRequest(v); !v.skipped {
			return cmp.Or(err, v.sent) // it has been answered
		}
	}
	if f == nil && h.CallFor != nil {
		f = h.CallFor(method)
	}
	if f == nil {
		return v.refuse(cmp.Or(v.notFound, h.Unknown(method)))
	}
	if err := v.arguments(); v.failed {
		return err
	} else if err != nil {
		return v.refuse(err.Error())
	}
	reply, err := f(v.session.ctx, v.decode)
	if err != nil {
		text, closes := v.cfg.Errors.Text(err)
		if closes {
			return v.refuse(text)
		}
		return v.answer(text, nil)
	}
	return v.answer("", reply)
}

// refuse answers with an error behind which the stream ends.
func (v *callServer) refuse(text string) error { return errors.Join(v.answer(text, nil), errRefused) }

// decode reads the body into args, or nothing if that is nil. What it makes counts until the
// next request.
func (v *callServer) decode(args any) error {
	_, err := v.cfg.Codec.Read(v.dec, v.body, false, args)
	return err
}

// answer sends one answer, header and body in one write.
func (v *callServer) answer(text string, body any) (err error) {
	h := wire.Header{Error: text, Seq: v.header.Seq, ServiceMethod: v.header.ServiceMethod}
	v.out = append(v.out[:0], headRoom[:]...)
	out := wire.AppendReply(v.out, h)
	if body == nil || text != "" {
		out = append(out, emptyMap)
	} else if out, err = v.cfg.Codec.Append(v.enc, out, body); err != nil {
		h.Error = fmt.Sprintf("rpc: the reply of type %T cannot be encoded: %v", body, err)
		out = append(wire.AppendReply(v.out, h), emptyMap)
	}
	if !v.said.holdAlone(len(out)) {
		v.session.noteNoRoom(wire.ErrNoRoom)
		h.Error = fmt.Sprintf("rpc: the reply of %d bytes was not sent: those that %ss have not taken yet may hold %d bytes (%s)", len(out), v.cfg.Peer, v.cfg.MaxReverseBytes, v.cfg.RoomName)
		out = append(wire.AppendReply(append([]byte(nil), headRoom[:]...), h), emptyMap)
	}
	defer v.said.hold(0)
	if v.sent = v.writer.write(out); v.sent == nil && cap(out) <= keepReply {
		v.out = out
	} else {
		v.out = nil
	}
	return v.sent
}

// emptyMap is the msgpack body of an answer that has none.
const emptyMap = 0x80

// ReadRequestHeader gives net/rpc the header that was read.
func (v *callServer) ReadRequestHeader(r *rpc.Request) error {
	r.Seq, r.ServiceMethod = v.header.Seq, v.header.ServiceMethod
	return nil
}

// ReadRequestBody reads the arguments for net/rpc; with nil args, because it has no such
// method, it leaves them for another handler.
func (v *callServer) ReadRequestBody(args any) error {
	if args == nil {
		v.skipped = true
		return nil
	}
	if err := v.arguments(); err != nil {
		return err
	}
	return v.decode(args)
}

// WriteResponse sends the answer of net/rpc, unless it has no such method.
func (v *callServer) WriteResponse(r *rpc.Response, reply any) error {
	switch {
	case v.failed:
		return nil
	case v.skipped:
		v.notFound = r.Error
		return nil
	}
	return v.answer(r.Error, reply)
}

// Close does nothing: the goroutine of the stream closes it.
func (v *callServer) Close() error { return nil }
