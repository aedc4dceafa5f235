package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// findChunk is how many servers are found between two looks at the clock.
const findChunk = 4096

var errFoundNone = errors.New("no server was found")

func findWorks() (all []work) {
	for _, goroutines := range []int{1, 16} {
		all = append(all, work{
			name: fmt.Sprintf("find/%d", goroutines),
			open: func(context.Context) (*field, error) { return findField(5, goroutines) },
		})
	}
	return all
}

// finder hands out the server of the next call. It is called, and not put into
// its loop: in there the compiler would leave out what nobody looks at.
type finder func() messages.Server

// findField finds servers in so many goroutines.
func findField(servers, goroutines int) (*field, error) {
	p, err := startProxy(servers)
	if err != nil {
		return nil, err
	}
	list := &lockedList{servers: p.View().Servers()}
	pointer := new(atomic.Pointer[messages.Server])
	front := list.servers[0]
	pointer.Store(&front)
	entrantOf := func(r role, find finder) entrant {
		return entrant{role: r, workers: goroutines, chunk: findChunk, do: func(_ context.Context, _, n int) error {
			var s messages.Server
			for range n {
				s = find()
			}
			if s.Addr == "" {
				return errFoundNone
			}
			return nil
		}}
	}
	return &field{
		slice: sliceOfMemory,
		close: within(p.Stop),
		entrants: []entrant{
			entrantOf(ours, func() messages.Server { s, _ := p.FindServer(); return s }),
			entrantOf(baseline, list.find),
			entrantOf(floor, func() messages.Server { return *pointer.Load() }),
		},
	}, nil
}

// up finds every server alive, at once. Nothing is dialed.
type up struct{}

func (up) Ping(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }

// startProxy starts one that knows so many servers and dials none.
func startProxy(servers int) (*proxy.Proxy, error) {
	return proxy.Start(proxy.Config{Servers: serverNames(servers), Pinger: up{}, Seed: 1})
}

func serverNames(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("server-%04d.example", i))
	}
	return all
}
