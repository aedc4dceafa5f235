package testutil

import (
	"bufio"
	"errors"
	"net"
)

type streamHeader struct{ Method string }

type streamAck struct{ Error string }

// bufferedConn reads what the bufio.Reader holds before the rest.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.r.Read(p) }

// serveStreaming reads the header, acknowledges and runs the handler.
func (c *conn) serveStreaming(rw net.Conn) {
	defer func() { _ = rw.Close() }() // tells the client that nothing more comes
	r := bufio.NewReader(rw)
	raw, err := readValue(r)
	if err != nil {
		return
	}
	var h streamHeader
	if decode(raw, &h) != nil {
		return
	}
	c.server.tally.requests.Add(1)
	m, known := (*c.server.table.Load())[h.Method]
	if !known || m.stream == nil {
		c.acknowledge(rw, "Unknown rpc method: \""+h.Method+"\"")
		return
	}
	m.calls.Add(1)
	for _, f := range c.server.faults.Load().hits(h.Method) {
		switch f.kind {
		case faultSlow:
			if !sleep(c.ctx, f.delay) {
				return
			}
		case faultMute:
			<-c.ctx.Done()
			return
		case faultAppError:
			c.acknowledge(rw, f.text)
			return
		case faultForward:
			c.acknowledge(rw, c.server.forwardFailure(f).Error())
			return
		case faultDropAfterRead, faultExecuteThenReset, faultCloseMidReply:
			c.hangUp(f.kind == faultExecuteThenReset)
			return
		case faultGarbage:
			_, _ = rw.Write(nonsense) // the client notices, or is gone
			return
		}
	}
	if !c.acknowledge(rw, "") {
		return
	}
	if err := m.stream(c.ctx, &bufferedConn{Conn: rw, r: r}); err != nil {
		_ = WriteFrame(rw, StreamFrame{Error: AsStreamError(err)}) // the client notices, or is gone
	}
}

func (c *conn) acknowledge(rw net.Conn, text string) bool {
	out, err := encode(nil, streamAck{Error: text})
	if err != nil {
		return false
	}
	_, err = rw.Write(out)
	return err == nil
}

// AsStreamError is what a streaming call that ended with err reports in its last frame.
func AsStreamError(err error) *StreamError {
	if coded, ok := errors.AsType[*StreamError](err); ok {
		return coded
	}
	return &StreamError{Code: 500, Message: err.Error()}
}
