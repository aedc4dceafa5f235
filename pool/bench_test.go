package pool_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"sync"
	"sync/atomic"
	"testing"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
)

// caller makes one call that answers with its arguments.
type caller func(ctx context.Context, payload []byte) error

// BenchmarkUnary compares the pool with the codec of net/rpc on streams that are
// kept for the next call, against the same server.
func BenchmarkUnary(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64B", 64}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}} {
		for _, callers := range []int{1, 16, 128} {
			for name, open := range map[string]func(testing.TB, string) caller{"pool": poolCaller, "baseline": baselineCaller} {
				b.Run(fmt.Sprintf("%s/%d/%s", size.name, callers, name), func(b *testing.B) {
					run(b, open(b, startServer(b).Addr()), callers, make([]byte, size.bytes))
				})
			}
		}
	}
}

// run makes b.N calls, so many at a time.
func run(b *testing.B, call caller, callers int, payload []byte) {
	ctx := within(b)
	// Every stream is open before the clock starts.
	if err := share(callers, callers, func() error { return call(ctx, payload) }); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(2 * len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	if err := share(b.N, callers, func() error { return call(ctx, payload) }); err != nil {
		b.Fatal(err)
	}
}

// share has workers call f n times together and answers an error if there was
// one.
func share(n, workers int, f func() error) error {
	var left atomic.Int64
	left.Store(int64(n))
	var failure atomic.Pointer[error]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(); err != nil {
					failure.CompareAndSwap(nil, &err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := failure.Load(); err != nil {
		return *err
	}
	return nil
}

func poolCaller(tb testing.TB, addr string) caller {
	p := newPool(tb, pool.Config{})
	return func(ctx context.Context, payload []byte) error {
		var reply []byte
		return p.Call(ctx, addr, "Echo.Echo", payload, &reply)
	}
}

func baselineCaller(tb testing.TB, addr string) caller {
	conn, err := net.Dial("tcp", addr)
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
	open := func() (rpc.ClientCodec, error) {
		select {
		case c := <-idle:
			return c, nil
		default:
		}
		stream, err := session.Open()
		if err != nil {
			return nil, err
		}
		_, err = stream.Write([]byte{0x01})
		return msgpackrpc.NewCodec(true, true, stream), err
	}
	return func(_ context.Context, payload []byte) error {
		codec, err := open()
		if err != nil {
			return err
		}
		var reply []byte
		if err := msgpackrpc.CallWithCodec(codec, "Echo.Echo", payload, &reply); err != nil {
			return err
		}
		idle <- codec
		return nil
	}
}
