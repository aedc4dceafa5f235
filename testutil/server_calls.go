package testutil

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// exchange is one stream of calls, one after the other.
type exchange struct {
	*conn
	*buffers // of the call that is answered
	rw       net.Conn
	in       *bufio.Reader
	header   struct {
		Seq           uint64
		ServiceMethod []byte
	}
	method string // of the last request
	dec    *codec.Decoder
}

// buffers are what one call needs.
type buffers struct{ raw, sent []byte }

// spares are those that no call needs at the moment.
var spares = sync.Pool{New: func() any { return new(buffers) }}

func newExchange(c *conn, rw net.Conn) *exchange {
	return &exchange{conn: c, rw: rw, in: bufio.NewReader(rw), dec: codec.NewDecoderBytes([]byte{0xc0}, msgpackHandle)}
}

// lend takes buffers for the request that comes next, once it does: a stream that
// is idle holds none.
func (x *exchange) lend() error {
	if _, err := x.in.Peek(1); err != nil {
		return err
	}
	x.buffers, _ = spares.Get().(*buffers)
	return nil
}

// forget gives the buffers back, but for large ones.
func (x *exchange) forget() {
	if cap(x.raw) <= keepBuffer && cap(x.sent) <= keepBuffer {
		spares.Put(x.buffers)
	}
	x.buffers = nil
}

// request returns nil when nothing can be answered: the client is gone or its
// header makes no sense. A request with an error gets that as its answer.
func (x *exchange) request() (*Request, error) {
	if err := x.lend(); err != nil {
		return nil, err
	}
	raw, err := appendValue(x.raw[:0], x.in)
	if x.raw = raw; err != nil {
		return nil, err
	}
	h, n := &x.header, len(raw)
	h.Seq, h.ServiceMethod = 0, h.ServiceMethod[:0]
	x.dec.ResetBytes(raw)
	if err := x.dec.Decode(h); err != nil {
		return nil, err
	}
	if x.method != string(h.ServiceMethod) {
		x.method = string(h.ServiceMethod)
	}
	x.raw, err = appendValue(raw, x.in)
	req := &Request{
		Method: x.method, Seq: h.Seq, Remote: x.sock.RemoteAddr(), conn: x.conn,
		header: x.raw[:n:n], body: x.raw[n:],
	}
	if malformed, ok := errors.AsType[*MalformedError](err); ok {
		return req, &ArgumentError{Method: req.Method, Err: malformed}
	}
	if err != nil {
		return nil, err
	}
	return req, nil
}

// answered is answer, counted on the connection.
func (x *exchange) answered(req *Request, err error) (goOn bool) {
	if x.out == nil {
		return x.answer(req, err)
	}
	x.out.answering.Add(1)
	defer x.out.answering.Add(-1)
	return x.answer(req, err)
}

// answer executes a request and replies, or does what the injected faults want
// instead. It tells whether the stream goes on.
func (x *exchange) answer(req *Request, err error) (goOn bool) {
	c, s := x.conn, x.server
	s.tally.requests.Add(1)
	table := *s.table.Load()
	if m, ok := table[req.Method]; ok {
		m.calls.Add(1)
	}
	var after []Fault
	for _, f := range s.faults.Load().strikes(req.Method) {
		switch f.kind {
		case faultSlow:
			if !sleep(c.ctx, f.delay) {
				return false
			}
		case faultMute:
			<-c.ctx.Done()
			return false
		case faultDropAfterRead:
			c.hangUp(false)
			return false
		case faultAppError:
			return x.reply(req, nil, errors.New(f.text), nil)
		case faultForward:
			if !f.executed {
				return x.reply(req, nil, s.forwardFailure(f), nil)
			}
			after = append(after, f)
		default:
			after = append(after, f)
		}
	}
	if err != nil {
		return x.reply(req, nil, err, after)
	}
	m, err := table.find(req.Method)
	if err != nil {
		_ = x.reply(req, nil, err, after) // the stream ends either way
		return false
	}
	body, err := m.call(c.ctx, req)
	if c.ctx.Err() != nil {
		return false
	}
	for _, f := range after {
		if f.kind == faultForward && err == nil {
			body, err = nil, s.forwardFailure(f)
		}
	}
	return x.reply(req, body, err, after)
}

// sleep waits for d and answers false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reply sends header and body in one write, as real servers do, unless a fault
// wants something else. It tells whether the stream goes on.
func (x *exchange) reply(req *Request, body any, err error, faults []Fault) (goOn bool) {
	header := responseHeader{Seq: req.Seq, ServiceMethod: req.Method}
	goOn = true
	if err != nil {
		header.Error, body = err.Error(), emptyMap
		_, wrongArguments := errors.AsType[*ArgumentError](err)
		goOn = !wrongArguments
	}
	if body == nil {
		body = emptyMap
	}
	for _, f := range faults {
		switch f.kind {
		case faultExecuteThenReset:
			x.hangUp(true)
			return false
		case faultHalfClose:
			goOn = false
		case faultGarbage:
			return x.garble(header, body, f.layer)
		}
	}
	out, err := appendReply(x.sent[:0], header, body)
	if err != nil {
		header.Error = "rpc: cannot encode the reply: " + err.Error()
		if out, err = appendReply(x.sent[:0], header, emptyMap); err != nil {
			return false
		}
	}
	x.sent = out
	for _, f := range faults {
		if f.kind == faultCloseMidReply {
			_, _ = x.rw.Write(out[:len(out)/2]) // the connection ends either way
			if x.out != nil {
				x.out.drain()
			}
			x.hangUp(false)
			return false
		}
	}
	if _, err := x.rw.Write(out); err != nil {
		return false
	}
	return goOn
}

// garble sends a reply that breaks at the wanted layer. It reports whether the stream
// goes on.
func (x *exchange) garble(h responseHeader, body any, at Layer) (goOn bool) {
	if at == LayerTransport {
		_, _ = x.sock.Write(nonsense) // beneath yamux; the client hangs up
		return true
	}
	out, err := garbled(h, body, at)
	if err != nil {
		return false
	}
	_, err = x.rw.Write(out)
	return err == nil
}

// appendReply appends the header and body of a reply to b.
func appendReply(b []byte, h responseHeader, body any) ([]byte, error) {
	b = append(b, 0x83) // a map of three
	b = appendText(appendText(b, "Error"), h.Error)
	b = appendNumber(appendText(b, "Seq"), h.Seq)
	b = appendText(appendText(b, "ServiceMethod"), h.ServiceMethod)
	return encode(b, body)
}

func encodeReply(h responseHeader, body any) ([]byte, error) { return appendReply(nil, h, body) }
