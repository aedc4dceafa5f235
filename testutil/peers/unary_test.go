package peers

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// caller makes one call that answers with what was sent.
type caller func(ctx context.Context, payload []byte) ([]byte, error)

var callers = []struct {
	name string
	open func(tb testing.TB) caller
}{{"ours", openPool}, {"msgpackrpc", openStock}, {"grpc", openGRPC}}

func startServer(tb testing.TB) string {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, server.Stop) })
	return server.Addr()
}

func stop(tb testing.TB, end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := end(ctx); err != nil {
		tb.Error(err)
	}
}

func openPool(tb testing.TB) caller {
	addr := startServer(tb)
	p, err := pool.New(pool.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, p.Stop) })
	return func(ctx context.Context, payload []byte) (reply []byte, err error) {
		err = p.Call(ctx, addr, "Echo.Echo", payload, &reply)
		return reply, err
	}
}

func TestThePeersEchoEachRequest(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	for _, peer := range callers {
		t.Run(peer.name, func(t *testing.T) {
			got, err := peer.open(t)(t.Context(), payload)
			if err != nil || !bytes.Equal(got, payload) {
				t.Errorf("%d bytes were answered, %v; sent %d", len(got), err, len(payload))
			}
		})
	}
}

// BenchmarkUnary makes calls, so many at a time, each over one connection to a
// server in this process. Ours and msgpackrpc call servers of one kind, grpc
// one of its own.
func BenchmarkUnary(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64B", 64}, {"4KiB", 4 << 10}, {"64KiB", 64 << 10}} {
		for _, at := range []int{1, 128} {
			for _, peer := range callers {
				b.Run(fmt.Sprintf("size=%s/callers=%d/peer=%s", size.name, at, peer.name), func(b *testing.B) {
					callAll(b, peer.open(b), at, make([]byte, size.bytes))
				})
			}
		}
	}
}

func callAll(b *testing.B, call caller, callers int, payload []byte) {
	ctx := context.Background()
	round := func(n int) {
		var left atomic.Int64
		left.Store(int64(n))
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for left.Add(-1) >= 0 {
					if got, err := call(ctx, payload); err != nil || len(got) != len(payload) {
						b.Errorf("%d bytes, %v", len(got), err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	round(callers) // every stream is open before the clock starts
	b.SetBytes(int64(2 * len(payload)))
	b.ReportAllocs()
	b.ResetTimer()
	round(b.N)
}
