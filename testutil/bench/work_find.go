package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

// findChunk is how many servers are found between two readings of the clock.
const findChunk = 4096

var errFoundNone = errors.New("no server was found")

func findWorks() (all []work) {
	for _, goroutines := range []int{1, 16} {
		all = append(all, work{
			name: fmt.Sprintf("find/%d", goroutines),
			open: func(context.Context) (*setup, error) { return openFind(5, goroutines) },
		})
	}
	return all
}

// finder returns the server of the next call. A function value keeps it out of its
// loop, where the compiler would drop the unused result.
type finder func() messages.Server

// openFind compares finding a server in so many goroutines.
func openFind(servers, goroutines int) (*setup, error) {
	p, err := startProxy(servers)
	if err != nil {
		return nil, err
	}
	list := &lockedList{servers: p.View().Servers()}
	pointer := new(atomic.Pointer[messages.Server])
	front := list.servers[0]
	pointer.Store(&front)
	entrantOf := func(r role, find finder) entrant {
		return entrant{r, round.Work{Workers: goroutines, Chunk: findChunk, Do: func(_ context.Context, _, n int) error {
			var s messages.Server
			for range n {
				s = find()
			}
			if s.Addr == "" {
				return errFoundNone
			}
			return nil
		}}}
	}
	return &setup{
		slice: sliceOfMemory,
		close: within(p.Stop),
		entrants: []entrant{
			entrantOf(ours, func() messages.Server { s, _ := p.FindServer(); return s }),
			entrantOf(baseline, list.find),
			entrantOf(floor, func() messages.Server { return *pointer.Load() }),
		},
	}, nil
}

// alive is a Pinger that every server answers at once, without a dial.
type alive struct{}

func (alive) Ping(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }

// startProxy starts a proxy that knows so many servers and dials none.
func startProxy(servers int) (*proxy.Proxy, error) {
	return proxy.Start(proxy.Config{Servers: serverNames(servers), Pinger: alive{}, Seed: 1})
}

func serverNames(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("server-%04d.example", i))
	}
	return all
}

// lockedList is a server list behind a lock. The lock is made by hand because this
// module uses none of package sync; without contention it is as fast as a
// mutex. testutil/peers has the benchmarks to compare it with.
type lockedList struct {
	locked  atomic.Bool
	servers []messages.Server
}

func (l *lockedList) lock() {
	for !l.locked.CompareAndSwap(false, true) {
		runtime.Gosched()
	}
}

func (l *lockedList) unlock() { l.locked.Store(false) }

func (l *lockedList) find() messages.Server {
	l.lock()
	defer l.unlock()
	if len(l.servers) == 0 {
		return messages.Server{}
	}
	return l.servers[0]
}
