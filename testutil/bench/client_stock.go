package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/rpc"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"
)

// stock is a client like that of Nomad's own pool: one session, idle streams that
// are used again, and a call that blocks on its stream until the reply is there.
// Nomad keeps two idle streams (clientMaxStreams of Nomad 2.0.6, client/client.go);
// this one keeps one for each caller, which is faster.
type stock struct {
	session *yamux.Session
	idle    chan stockStream
}

type stockStream struct {
	*yamux.Stream
	codec rpc.ClientCodec
}

func openStock(ctx context.Context, addr string, t *tls.Config, callers int) (*stock, error) {
	conn, err := dial(ctx, addr, t, modeTLS)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{modeMultiplex}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	session, err := yamux.Client(conn, yamuxConfig())
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &stock{session: session, idle: make(chan stockStream, callers)}, nil
}

func (s *stock) call(method string, args, reply any) error {
	stream, err := s.take()
	if err != nil {
		return err
	}
	if err := msgpackrpc.CallWithCodec(stream.codec, method, args, reply); err != nil {
		return errors.Join(err, stream.Close())
	}
	stream.Shrink() // as Nomad does: an idle stream has no large buffer
	select {
	case s.idle <- stream:
		return nil
	default:
		return stream.Close()
	}
}

// take returns an idle stream or opens one.
func (s *stock) take() (stockStream, error) {
	select {
	case stream := <-s.idle:
		return stream, nil
	default:
	}
	stream, err := s.session.OpenStream()
	if err != nil {
		return stockStream{}, err
	}
	if _, err := stream.Write([]byte{modeRPC}); err != nil {
		return stockStream{}, errors.Join(err, stream.Close())
	}
	return stockStream{stream, msgpackrpc.NewCodec(true, true, stream)}, nil
}

func (s *stock) close() error { return s.session.Close() }
