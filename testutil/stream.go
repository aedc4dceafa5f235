package testutil

import (
	"bufio"
	"context"
	"errors"
	"net"
	"time"
)

// readRequest returns nil when nothing can be answered: the client is gone or
// its header makes no sense. A request with an error gets that as its answer.
func (c *conn) readRequest(r *bufio.Reader) (*Request, error) {
	header, err := readValue(r)
	if err != nil {
		return nil, err
	}
	var h requestHeader
	if err := decode(header, &h); err != nil {
		return nil, err
	}
	req := &Request{Method: h.ServiceMethod, Seq: h.Seq, Remote: c.sock.RemoteAddr(), conn: c, header: header}
	req.body, err = readValue(r)
	if malformed, ok := errors.AsType[*MalformedError](err); ok {
		return req, &ArgumentError{Method: h.ServiceMethod, Err: malformed}
	}
	if err != nil {
		return nil, err
	}
	return req, nil
}

// answer executes a request and replies, or does what the injected faults want
// instead. It tells whether the stream goes on.
func (c *conn) answer(rw net.Conn, req *Request, err error) (goOn bool) {
	s := c.server
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
			return c.reply(rw, req, nil, errors.New(f.text), nil)
		default:
			after = append(after, f)
		}
	}
	if err != nil {
		return c.reply(rw, req, nil, err, after)
	}
	m, err := table.find(req.Method)
	if err != nil {
		_ = c.reply(rw, req, nil, err, after) // the stream ends either way
		return false
	}
	body, err := m.call(c.ctx, req)
	if c.ctx.Err() != nil {
		return false
	}
	return c.reply(rw, req, body, err, after)
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
func (c *conn) reply(rw net.Conn, req *Request, body any, err error, faults []Fault) (goOn bool) {
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
			c.hangUp(true)
			return false
		case faultHalfClose:
			goOn = false
		case faultGarbage:
			return c.replyGarbage(rw, header, body, f.layer)
		}
	}
	out, err := encodeReply(header, body)
	if err != nil {
		header.Error = "rpc: cannot encode the reply: " + err.Error()
		if out, err = encodeReply(header, emptyMap); err != nil {
			return false
		}
	}
	for _, f := range faults {
		if f.kind == faultCloseMidReply {
			_, _ = rw.Write(out[:len(out)/2]) // the connection ends either way
			c.hangUp(false)
			return false
		}
	}
	if _, err := rw.Write(out); err != nil {
		return false
	}
	return goOn
}

func encodeReply(h responseHeader, body any) ([]byte, error) {
	out, err := encode(nil, h)
	if err != nil {
		return nil, err
	}
	return encode(out, body)
}
