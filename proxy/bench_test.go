package proxy_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
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
