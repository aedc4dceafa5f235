package bench

import (
	"crypto/tls"
	"io"
	"net"
	"net/rpc"
	"sync"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"
)

// The bytes that connections and streams begin with.
const (
	modeRPC       = 0x01
	modeTLS       = 0x04
	modeMultiplex = 0x06
)

// Echo answers with what it was sent.
type Echo struct{}

// Echo is a method of net/rpc.
func (Echo) Echo(args []byte, reply *[]byte) error {
	*reply = args
	return nil
}

// Status is what a pool asks before it trusts a connection.
type Status struct{}

// Ping is a method of net/rpc.
func (Status) Ping(_ any, reply *map[string]any) error {
	*reply = map[string]any{}
	return nil
}

// startPlain starts a server of nothing but net/rpc, its codec and yamux, as their
// own documentation puts them together.
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
	conn, err := accept(conn, t, modeTLS)
	if err != nil {
		return
	}
	if mode, err := readByte(conn); err != nil || mode != modeMultiplex {
		return
	}
	session, err := yamux.Server(conn, yamuxConfig())
	if err != nil {
		return
	}
	var streams sync.WaitGroup
	defer streams.Wait()
	defer func() { _ = session.Close() }() // the streams end with it
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			return
		}
		if mode, err := readByte(stream); err != nil || mode != modeRPC {
			return
		}
		streams.Go(func() { server.ServeCodec(msgpackrpc.NewCodec(true, true, stream)) })
	}
}

func yamuxConfig() *yamux.Config {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	return cfg
}

func readByte(r io.Reader) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}
