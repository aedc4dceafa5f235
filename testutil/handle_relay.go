package testutil

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// ReadStreamRequest reads the request of a streaming call into args, and nothing of what
// comes behind it. It blocks until it is there. The error is *MalformedError, or that of the
// connection, or of args that it does not fit.
func ReadStreamRequest(c net.Conn, args any) error {
	_, err := readStreamRequest(c, args)
	return err
}

// readStreamRequest reads the request of a streaming call, byte by byte: what
// comes behind it belongs to others.
func readStreamRequest(c net.Conn, args any) (Raw, error) {
	raw, err := readValue(bufio.NewReaderSize(oneByte{c}, 1))
	if err != nil {
		return nil, err
	}
	return raw, decode(raw, args)
}

// oneByte reads no more than was asked for one byte at a time, so that a buffered
// reader above it does not read ahead.
type oneByte struct{ io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(len(p), 1)]) }

// relayed is a streaming method about an allocation: the server passes it on to
// the node that runs it.
func (s *Server) relayed(method string) StreamHandler {
	return func(ctx context.Context, c net.Conn) error {
		var args struct{ Region, AllocID string }
		raw, err := readStreamRequest(c, &args)
		switch {
		case err != nil:
			return &StreamError{Code: 500, Message: err.Error()}
		case args.Region != s.cfg.Region:
			return &StreamError{Message: ErrTextNoRegionPath}
		case args.AllocID == "" && method == "Allocations.Exec":
			return &StreamError{Code: 400, Message: "missing AllocID"}
		case args.AllocID == "":
			return &StreamError{Code: 400, Message: "Missing allocation ID"}
		}
		nodeID := s.world.nodeOf(args.AllocID)
		if nodeID == "" {
			return &StreamError{Code: 404, Message: fmt.Sprintf("Unknown allocation %q", args.AllocID)}
		}
		return s.relay(ctx, c, nodeID, method, raw)
	}
}

// relay opens the call to the node and passes on what comes from either side,
// until one of them has closed its own: so a client that closes its side ends
// the call, also while the node still has bytes to send.
func (s *Server) relay(ctx context.Context, c net.Conn, nodeID, method string, request Raw) error {
	if refusal, ok := errors.AsType[*unreachableError](s.world.reachable(nodeID)); ok {
		return &StreamError{Code: refusal.code, Message: refusal.stream}
	}
	node, err := s.StreamNode(ctx, nodeID, method)
	if remote, ok := errors.AsType[*RemoteError](err); ok {
		refused := &StreamError{Message: remote.Text}
		if remote.Text == ErrTextNoNodePath {
			refused.Code = 404
		}
		return refused
	}
	if err != nil {
		return &StreamError{Message: err.Error()}
	}
	defer func() { _ = node.Close() }() // it has ended, or is to
	if err := WriteStreamRequest(node, request); err != nil {
		return &StreamError{Message: err.Error()}
	}
	hangUp := func() {
		for _, end := range []net.Conn{c, node} {
			_ = end.Close()                      // fails only on a connection that is gone
			_ = end.SetDeadline(time.Unix(1, 0)) // wakes the other direction
		}
	}
	defer context.AfterFunc(ctx, hangUp)()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(c, node) // ends with either side
		hangUp()
	}()
	_, _ = io.Copy(node, c) // likewise
	hangUp()
	<-back
	return nil
}

// untilClosed returns a context that ends also when the client has closed its
// side. The function must be called at the end; it waits until nothing is read
// any more.
func untilClosed(ctx context.Context, c net.Conn) (_ context.Context, stopWaiting func()) {
	ctx, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		defer cancel()
		_, _ = io.Copy(io.Discard, c) // ends in any case
	}()
	return ctx, func() {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // fails only on a connection that is gone
		<-closed
	}
}
