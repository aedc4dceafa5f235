package sidecar_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// BenchmarkCall makes calls of 64 bytes with a stock client, to the server itself and through a
// sidecar. The benchmarks of one number of callers take turns, so that they see the same machine.
func BenchmarkCall(b *testing.B) {
	c := newCluster(b, 1)
	s := newSidecar(b, sidecar.Config{}, c.Addrs()...)
	for _, callers := range []struct {
		name string
		n    int
	}{{"1", 1}, {"16", 16}} {
		for _, to := range []struct{ name, addr string }{{"direct", c.Addrs()[0]}, {"sidecar", s.Addrs()[0].String()}} {
			b.Run("callers="+callers.name+"/"+to.name, func(b *testing.B) {
				a, err := plainclient.Dial(b.Context(), to.addr, plainclient.Config{Idle: 16, NoKeepAlive: true})
				noError(b, err)
				defer func() { _ = a.Close() }()
				benchmarkCalls(b, a, callers.n)
			})
		}
	}
}

func benchmarkCalls(b *testing.B, a *plainclient.Session, callers int) {
	payload := make([]byte, 64)
	var left atomic.Int64
	left.Store(int64(b.N))
	var calling sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range callers {
		calling.Go(func() {
			var reply []byte
			for left.Add(-1) >= 0 {
				if err := a.Call("Echo.Echo", payload, &reply); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	calling.Wait()
}
