package peers

import (
	"context"
	"io"
	"net"
	"net/rpc"
	"testing"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"
)

// openStock is what the pool replaces: net/rpc's codec on streams of one session
// that are kept for the next call.
func openStock(tb testing.TB) caller {
	conn, err := net.Dial("tcp", startServer(tb))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := conn.Write([]byte{0x06}); err != nil {
		tb.Fatal(err)
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	session, err := yamux.Client(conn, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = session.Close() })
	idle := make(chan rpc.ClientCodec, 256)
	take := func() (rpc.ClientCodec, error) {
		select {
		case c := <-idle:
			return c, nil
		default:
		}
		stream, err := session.OpenStream()
		if err != nil {
			return nil, err
		}
		_, err = stream.Write([]byte{0x01})
		return msgpackrpc.NewCodec(true, true, stream), err
	}
	return func(_ context.Context, payload []byte) (reply []byte, err error) {
		codec, err := take()
		if err != nil {
			return nil, err
		}
		if err := msgpackrpc.CallWithCodec(codec, "Echo.Echo", payload, &reply); err != nil {
			return nil, err
		}
		idle <- codec
		return reply, nil
	}
}
