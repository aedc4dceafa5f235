package proxy_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// BenchmarkFindServer shows what it costs to choose a server, compared with a load of a
// pointer, which is the least it could cost. A step is one choice in each of the
// goroutines; the choices alternate only as the processors make them.
func BenchmarkFindServer(b *testing.B) {
	p := startProxy(b, proxy.Config{Servers: names(5), Pinger: pinging(upPinger)})
	var pointer atomic.Pointer[messages.Server]
	front := active(b, p)
	pointer.Store(&front)
	finds := []struct {
		name string
		find func() messages.Server
	}{
		{"proxy", func() messages.Server { s, _ := p.FindServer(); return s }},
		{"load", func() messages.Server { return *pointer.Load() }},
	}
	for _, goroutines := range []int{1, 16} {
		for _, f := range finds {
			b.Run(fmt.Sprintf("goroutines=%d/by=%s", goroutines, f.name), func(b *testing.B) {
				b.ReportAllocs()
				spread(b, goroutines, f.find)
			})
		}
	}
}

// spread runs find b.N times in all, in so many goroutines.
func spread(b *testing.B, goroutines int, find func() messages.Server) {
	var all sync.WaitGroup
	b.ResetTimer()
	for g := range goroutines {
		share := b.N / goroutines
		if g < b.N%goroutines {
			share++
		}
		all.Go(func() {
			var s messages.Server
			for range share {
				s = find()
			}
			if share > 0 && s.Addr == "" {
				b.Error("found nothing")
			}
		})
	}
	all.Wait()
}

// BenchmarkCall is a call of 64 bytes over TCP, without observers, with one of moves, and with
// one of calls and attempts that does nothing.
func BenchmarkCall(b *testing.B) {
	c := startCluster(b, 1)
	args, reply := counted{ID: strings.Repeat("x", 64)}, counted{}
	c.Server(0).Handle("Echo.Same", func(context.Context, *testutil.Request) (any, error) { return args, nil })
	for _, row := range []struct {
		name      string
		observers []proxy.Observer
	}{
		{"none", nil}, {"moves", []proxy.Observer{moveWatcher{}}}, {"calls", []proxy.Observer{callWatcher{}}},
	} {
		b.Run("observers="+row.name, func(b *testing.B) {
			p := startProxy(b, proxy.Config{Servers: c.Addrs(), Observers: row.observers})
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Call(ctx, "Echo.Same", &args, &reply, proxy.WithClass(proxy.Read)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
