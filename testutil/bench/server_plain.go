package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/rpc"
	"sync"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// Echo is a service of net/rpc.
type Echo struct{}

// Echo returns its arguments.
func (Echo) Echo(args Payload, reply *Payload) error {
	*reply = args
	return nil
}

// Status is a service of net/rpc: a pool pings every new connection.
type Status struct{}

// Ping answers with an empty map.
func (Status) Ping(_ any, reply *map[string]any) error {
	*reply = map[string]any{}
	return nil
}

// startPlain starts a server of net/rpc, its codec and yamux alone, put together as
// their documentation does.
func startPlain(t *tls.Config) (*listener, error) {
	server := rpc.NewServer()
	if err := server.Register(Echo{}); err != nil {
		return nil, err
	}
	if err := server.Register(Status{}); err != nil {
		return nil, err
	}
	if err := server.Register(Node{}); err != nil {
		return nil, err
	}
	return listen(func(conn net.Conn) { servePlain(server, conn, t) })
}

func servePlain(server *rpc.Server, conn net.Conn, t *tls.Config) {
	conn, err := accept(conn, t)
	if err != nil {
		return
	}
	if mode, err := readByte(conn); err != nil || mode != plainclient.ModeYamux {
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
		if mode, err := readByte(stream); err != nil || mode != plainclient.ModeRPC {
			return
		}
		streams.Go(func() { server.ServeCodec(msgpackrpc.NewCodec(true, true, stream)) })
	}
}

func readByte(r io.Reader) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}
