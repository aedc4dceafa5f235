package plainserver

import (
	"crypto/tls"
	"io"
	"net"
	"net/rpc"
	"sync"

	"github.com/hashicorp/go-msgpack/v2/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// Start starts a server that has these services of net/rpc, each a value whose type has their
// name, and speaks TLS unless t is nil. The error is that of a service, or of [Listen].
func Start(t *tls.Config, services ...any) (*Listener, error) {
	server := rpc.NewServer()
	for _, s := range services {
		if err := server.Register(s); err != nil {
			return nil, err
		}
	}
	handle := body.Handle()
	return Listen(func(conn net.Conn) { serve(server, handle, conn, t) })
}

func serve(server *rpc.Server, handle *codec.MsgpackHandle, conn net.Conn, t *tls.Config) {
	conn, err := Secure(conn, t)
	if err != nil {
		return
	}
	if mode, err := ReadByte(conn); err != nil || mode != plainclient.ModeYamux {
		return
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	session, err := yamux.Server(conn, cfg)
	if err != nil {
		return
	}
	var streams sync.WaitGroup
	defer streams.Wait()
	defer func() { _ = session.Close() }() // the streams end with the session
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			return
		}
		if mode, err := ReadByte(stream); err != nil || mode != plainclient.ModeRPC {
			return
		}
		streams.Go(func() {
			c := msgpackrpc.NewCodecFromHandle(true, true, stream, handle)
			defer func() { _ = c.Close() }()    // the session may have ended it
			for server.ServeRequest(c) == nil { // one request of a stream after the other
			}
		})
	}
}
