package pool_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
)

// caller makes one call that answers with its arguments.
type caller func(ctx context.Context, payload []byte) error

// BenchmarkUnary compares the pool with the codec of net/rpc on streams that are
// kept for the next call, against the same server: the fake one, and net/rpc's own
// behind yamux (plain). The floor is an echo of as many bytes on a TCP connection
// for each caller.
func BenchmarkUnary(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64B", 64}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}} {
		for _, callers := range []int{1, 16, 128} {
			for _, row := range []struct {
				name  string
				serve func(testing.TB) string
				open  func(testing.TB, string) caller
			}{
				{"pool", fakeServer, poolCaller},
				{"baseline", fakeServer, baselineCaller},
				{"plain-pool", plainServer, poolCaller},
				{"plain-baseline", plainServer, baselineCaller},
				{"floor", echoServer, echoCaller},
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", size.name, callers, row.name), func(b *testing.B) {
					run(b, row.open(b, row.serve(b)), callers, make([]byte, size.bytes))
				})
			}
		}
	}
}

// run makes b.N calls, so many at a time.
func run(b *testing.B, call caller, callers int, payload []byte) {
	ctx := context.Background() // a long benchmark takes its time
	// Every stream is open before the clock starts.
	if err := share(callers, callers, func() error { return call(ctx, payload) }); err != nil {
		b.Fatal(err)
	}
	took := make([]time.Duration, b.N)
	var calls atomic.Int64
	b.SetBytes(int64(2 * len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	err := share(b.N, callers, func() error {
		begin := time.Now()
		err := call(ctx, payload)
		took[calls.Add(1)-1] = time.Since(begin)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
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

func fakeServer(tb testing.TB) string { return startServer(tb).Addr() }

// Echo is a service of net/rpc.
type Echo struct{}

// Echo answers with its arguments.
func (Echo) Echo(args []byte, reply *[]byte) error {
	*reply = args
	return nil
}

// listen serves each connection in a goroutine until the end of the test.
func listen(tb testing.TB, serve func(net.Conn)) (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	tb.Cleanup(func() {
		_ = ln.Close()
		wg.Wait() // the clients have ended
	})
	return ln.Addr().String()
}

// plainServer is net/rpc's server on each stream of a yamux session.
func plainServer(tb testing.TB) string {
	server := rpc.NewServer()
	if err := server.Register(Echo{}); err != nil {
		tb.Fatal(err)
	}
	return listen(tb, func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			return
		}
		cfg := yamux.DefaultConfig()
		cfg.LogOutput = io.Discard
		session, err := yamux.Server(c, cfg)
		if err != nil {
			return
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		for {
			stream, err := session.AcceptStream()
			if err != nil {
				return
			}
			if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
				return
			}
			wg.Go(func() { server.ServeCodec(msgpackrpc.NewCodec(true, true, stream)) })
		}
	})
}

func echoServer(tb testing.TB) string {
	return listen(tb, func(c net.Conn) {
		b := make([]byte, 64<<10)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
		}
	})
}

// echoCaller has a connection for each call that is made at the same time.
func echoCaller(tb testing.TB, addr string) caller {
	type line struct {
		net.Conn
		b []byte
	}
	idle := make(chan *line, 256)
	tb.Cleanup(func() {
		for len(idle) > 0 {
			_ = (<-idle).Close()
		}
	})
	return func(_ context.Context, payload []byte) error {
		var l *line
		select {
		case l = <-idle:
		default:
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				return err
			}
			l = &line{Conn: conn, b: make([]byte, len(payload))}
		}
		if _, err := l.Write(payload); err != nil {
			return err
		}
		if _, err := io.ReadFull(l, l.b); err != nil {
			return err
		}
		idle <- l
		return nil
	}
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
