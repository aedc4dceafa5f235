package testutil

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// RemoteError is a client's error for a call from the server.
type RemoteError struct {
	Method string // as called
	Text   string // as answered
}

func (e *RemoteError) Error() string { return e.Method + ": " + e.Text }

// CallNode calls a method of a client over the client's own connection, as a real
// server does that is asked about a node: over the newest of its own sessions of
// the node, else through the server that has the newest one. It decodes the
// answer into reply, unless that is nil, and ends the stream. It blocks until the
// client answered or ctx ended. The error is *RemoteError for what the client
// answered, for a node that is unknown, is too old or has no session, else that of
// the connection or of ctx.
func (s *Server) CallNode(ctx context.Context, nodeID, method string, args, reply any) error {
	stream, hops, err := s.openTo(ctx, nodeID, method)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }() // the answer is there or will not come
	defer interruptible(ctx, stream)()
	header := requestHeader{Seq: uint64(s.tally.reverse.Add(1)), ServiceMethod: method}
	out, err := encode(nil, header)
	if err != nil {
		return err
	}
	if out, err = encode(out, args); err != nil {
		return err
	}
	if err := writeEach(stream, []byte{modeRPC}, out); err != nil {
		return endedOr(ctx, err)
	}
	r := bufio.NewReader(stream)
	var answer responseHeader
	if err := readInto(r, &answer); err != nil {
		return endedOr(ctx, err)
	}
	body, err := readValue(r)
	switch {
	case err != nil:
		return endedOr(ctx, err)
	case answer.Error != "":
		return &RemoteError{Method: method, Text: ErrTextHops(hops, answer.Error)}
	case answer.Seq != header.Seq:
		return errors.New("testutil: the client answered another request")
	case reply == nil:
		return nil
	}
	return decode(body, reply)
}

// StreamNode opens a streaming call to a client, as [Server.CallNode] does a
// plain one, and waits for its acknowledgement. The caller sends the request
// map, reads the frames (see [FrameReader]) and closes the connection.
func (s *Server) StreamNode(ctx context.Context, nodeID, method string) (net.Conn, error) {
	stream, _, err := s.openTo(ctx, nodeID, method)
	if err != nil {
		return nil, err
	}
	defer interruptible(ctx, stream)()
	out, err := encode(nil, streamHeader{Method: method})
	if err == nil {
		err = writeEach(stream, []byte{modeStreaming}, out)
	}
	var ack streamAck
	r := bufio.NewReader(stream)
	if err == nil {
		err = readInto(r, &ack)
	}
	if err == nil && ack.Error != "" {
		err = &RemoteError{Method: method, Text: ack.Error}
	}
	if err != nil {
		_ = stream.Close() // the call failed already
		return nil, endedOr(ctx, err)
	}
	return &bufferedConn{Conn: stream, r: r}, nil
}

// openTo opens a stream to a node, and returns how many servers are between.
func (s *Server) openTo(ctx context.Context, nodeID, method string) (stream net.Conn, hops int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if err := s.world.reachable(nodeID); errors.Is(err, ErrStopped) {
		return nil, 0, err
	} else if err != nil {
		return nil, 0, &RemoteError{Method: method, Text: err.Error()}
	}
	at, hops := s.wayTo(nodeID)
	if at == nil {
		return nil, 0, &RemoteError{Method: method, Text: ErrTextNoNodePath}
	}
	opened, err := at.session.Load().OpenStream()
	if err != nil {
		return nil, 0, err
	}
	at.reversed.open()
	return &reverseStream{Stream: opened, conn: at}, hops, nil
}

// writeEach writes each part as a frame of its own, as real servers do.
func writeEach(w io.Writer, parts ...[]byte) error {
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// reverseStream is a stream to a client. It is counted until it is closed.
type reverseStream struct {
	*yamux.Stream
	conn   *conn
	closed atomic.Bool
}

func (r *reverseStream) Close() error {
	if !r.closed.Swap(true) {
		r.conn.reversed.close()
	}
	return r.Stream.Close()
}

// interruptible makes the end of ctx end what waits on the stream, until the
// function it returns is called.
func interruptible(ctx context.Context, stream net.Conn) (done func()) {
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) }) // a closed one waits for nothing
	return func() { stop() }
}

// endedOr returns the reason why ctx ended, if it did, and else err.
func endedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
