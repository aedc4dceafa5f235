package stockagent

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/rpc"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// The beginning of a streaming call.
type (
	streamHeader struct{ Method string }
	streamAck    struct{ Error string }
)

// Stream opens a streaming call, on a connection of its own to the server in use, and
// waits until it is acknowledged or ctx ends. The caller sends the request
// (testutil.WriteStreamRequest), reads the frames (testutil.FrameReader) and must close the
// connection, unless the agent is stopped. After an error another server comes into use.
// The error is *DialError, rpc.ServerError for what the acknowledgement says, [ErrStopped],
// or that of the connection or of ctx.
func (a *Agent) Stream(ctx context.Context, method string) (net.Conn, error) {
	server := a.front()
	c, err := a.openStream(ctx, server, method)
	if err == nil {
		return c, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if !a.failed(server, method, err) {
		return nil, ErrStopped
	}
	return nil, err
}

func (a *Agent) openStream(ctx context.Context, server, method string) (*streamConn, error) {
	sock, err := a.connect(ctx, server)
	if err != nil {
		return nil, err
	}
	c := &streamConn{Conn: sock, r: bufio.NewReader(sock), agent: a}
	if !a.keep(c) {
		return nil, errors.Join(ErrStopped, sock.Close())
	}
	interrupted := context.AfterFunc(ctx, func() { _ = sock.SetDeadline(time.Unix(1, 0)) }) // a closed one waits for nothing
	err = c.open(method)
	if !interrupted() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = c.Close() // the call failed already
		return nil, err
	}
	return c, nil
}

// streamConn is the connection of a streaming call. It reads what r holds before the rest.
type streamConn struct {
	net.Conn
	r      *bufio.Reader
	agent  *Agent
	closed atomic.Bool
}

func (c *streamConn) open(method string) error {
	if _, err := c.Write([]byte{plainclient.ModeStreaming}); err != nil {
		return err
	}
	if err := codec.NewEncoder(c.Conn, handle).Encode(streamHeader{Method: method}); err != nil {
		return err
	}
	var ack streamAck
	if err := codec.NewDecoder(c.r, handle).Decode(&ack); err != nil {
		return err
	}
	if ack.Error != "" {
		return rpc.ServerError(ack.Error)
	}
	return nil
}

func (c *streamConn) Read(b []byte) (int, error) { return c.r.Read(b) }

// CloseWrite tells the server that nothing more is sent, if the connection can.
func (c *streamConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close ends the call.
func (c *streamConn) Close() error {
	if !c.closed.Swap(true) {
		c.agent.do(func(s *state) { delete(s.conns, c) })
	}
	return c.Conn.Close()
}

// keep has a connection end with the agent. It returns false if that has ended.
func (a *Agent) keep(c *streamConn) bool {
	return a.do(func(s *state) { s.conns[c] = struct{}{} })
}
