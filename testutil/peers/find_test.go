package peers

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// finder chooses the server that carries the next call.
type finder func() messages.Server

// locked is a server list behind a mutex: what the proxy replaces.
type locked struct {
	mu      sync.Mutex
	servers []messages.Server
}

func (l *locked) find() messages.Server {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.servers) == 0 {
		return messages.Server{}
	}
	return l.servers[0]
}

// loaded is a pointer to the server: the least that choosing one can cost.
type loaded struct {
	server atomic.Pointer[messages.Server]
}

func (l *loaded) find() messages.Server { return *l.server.Load() }

// up finds every server alive; nothing is dialed.
type up struct{}

func (up) Ping(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }

// addrs are the servers of every peer.
var addrs = []string{"a", "b", "c", "d", "e"}

// over starts one of each and gives them to use, by name, in this order.
func over(tb testing.TB, use func(name string, find finder)) {
	p, err := proxy.Start(proxy.Config{Servers: addrs, Pinger: up{}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	mutex, pointer := &locked{servers: p.View().Servers()}, new(loaded)
	front := mutex.servers[0]
	pointer.server.Store(&front)

	use("ours", func() messages.Server { s, _ := p.FindServer(); return s })
	use("mutex", mutex.find)
	use("atomic", pointer.find)
}

func TestThePeersFindTheSameServer(t *testing.T) {
	var first messages.Server
	over(t, func(name string, find finder) {
		if got := find(); got.Addr == "" || first.Addr != "" && got != first {
			t.Errorf("%s finds %v, the first one found %v", name, got, first)
		} else {
			first = got
		}
		if n := testing.AllocsPerRun(100_000, func() { first = find() }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	})
}

// BenchmarkFind tells the time of one choice, made by 1 goroutine and by 16 that
// share the choices.
func BenchmarkFind(b *testing.B) {
	for _, goroutines := range []int{1, 16} {
		over(b, func(name string, find finder) {
			b.Run(fmt.Sprintf("goroutines=%d/peer=%s", goroutines, name), func(b *testing.B) {
				b.ReportAllocs()
				share(b, goroutines, find)
			})
		})
	}
}

// share runs find b.N times in all, in so many goroutines.
func share(b *testing.B, goroutines int, find finder) {
	var all sync.WaitGroup
	b.ResetTimer()
	for g := range goroutines {
		n := b.N / goroutines
		if g < b.N%goroutines {
			n++
		}
		all.Go(func() {
			var s messages.Server
			for range n {
				s = find()
			}
			if n > 0 && s.Addr == "" {
				b.Error("found nothing")
			}
		})
	}
	all.Wait()
}

// A comparison is between functions that choose a server.
func Example() {
	l := &locked{servers: []messages.Server{{Name: "a", Addr: "a:4647"}}}
	fmt.Println(l.find())
	// Output: a:4647
}
