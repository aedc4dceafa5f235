package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/bench/floor"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

// payload is the arguments and the reply of Echo.Echo.
type payload struct{ Data []byte }

// A lone caller of the server of package testutil, which answers in one write: bytes there and back on
// a connection, this client, and a pool. All ends are in one process.
func BenchmarkLoneCaller(b *testing.B) {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	noError(b, err)
	echo, err := floor.Start(nil)
	noError(b, err)
	p, err := pool.New(pool.Config{})
	noError(b, err)
	for _, size := range []int{64, 64 << 10} {
		bytes, err := floor.Open(b.Context(), echo.Addr(), nil, 1, size, size)
		noError(b, err)
		bare, err := open(b.Context(), worker.Setup{Addr: server.Addr(), Callers: 1})
		noError(b, err)
		args := &payload{make([]byte, size)}
		for _, of := range []struct {
			client string
			call   func() error
		}{
			{"floor", func() error { return bytes.Call(0) }},
			{"bare", func() error { return bare.Call(b.Context(), 0, "Echo.Echo", args, new(payload)) }},
			{"ours", func() error { return p.Call(context.Background(), server.Addr(), "Echo.Echo", args, new(payload)) }},
		} {
			b.Run(fmt.Sprintf("%dB/%s", size, of.client), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := of.call(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		noError(b, bytes.Close())
		noError(b, bare.Close())
	}
	noError(b, p.Stop(context.Background()))
	noError(b, server.Stop(context.Background()))
	noError(b, echo.Close())
}

func noError(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
