//go:build linux

package main

import (
	"context"
	"io"
	"net/rpc"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// ClientStats answers what servers ask; package net/rpc wants it exported, with
// what its methods take.
type ClientStats struct{}

// StatsRequest and StatsResponse are a server's question and the answer.
type (
	StatsRequest  statsArgs
	StatsResponse statsReply
)

// Stats answers ClientStats.Stats.
func (ClientStats) Stats(_ *StatsRequest, reply *StatsResponse) error {
	*reply = StatsResponse(stats())
	return nil
}

// listen serves the streams that a server opens, on a session that is in use or
// not, until it ends.
func listen(s *plainclient.Session) {
	calls := rpc.NewServer()
	if err := calls.Register(ClientStats{}); err != nil {
		panic(err) // the method above
	}
	for {
		stream, err := s.AcceptStream()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = stream.Close() }() // nothing more comes
			serveStock(calls, stream)
		}()
	}
}

// serveStock serves one stream: calls, or a log.
func serveStock(calls *rpc.Server, stream *yamux.Stream) {
	var mode [1]byte
	if _, err := io.ReadFull(stream, mode[:]); err != nil {
		return
	}
	switch mode[0] {
	case 1:
		c := msgpackrpc.NewCodecFromHandle(true, true, stream, stockHandle)
		for calls.ServeRequest(c) == nil {
		}
	case 5:
		_ = serveLog(stream) // the server has gone
	}
}

// serveLog is one streaming call: header, acknowledgement, request, frames.
func serveLog(stream *yamux.Stream) error {
	in, out := codec.NewDecoder(stream, stockHandle), codec.NewEncoder(stream, stockHandle)
	var header struct{ Method string }
	var ack struct{ Error string }
	if err := in.Decode(&header); err != nil {
		return err
	}
	if header.Method != methodLogs {
		ack.Error = "Unknown rpc method: \"" + header.Method + "\""
		return out.Encode(ack)
	}
	if err := out.Encode(ack); err != nil {
		return err
	}
	if err := in.Decode(&logsArgs{}); err != nil {
		return err
	}
	return tail(context.Background(), stream, func(line []byte) error {
		_ = stream.SetWriteDeadline(time.Now().Add(tailSilence)) // a closed stream fails to write
		return out.Encode(struct {
			Error   *struct{}
			Payload []byte
		}{Payload: line})
	})
}
