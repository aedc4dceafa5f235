package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// callTimeout is the deadline of each call of the demo. Every outage the demo
// plays is far shorter, so that it is on a slow machine, too: some server lives at
// some time during each call, so a call that fails was lost.
const callTimeout = 30 * time.Second

// callers call, each one call after the other, until they are finished.
type callers struct {
	proxy *proxy.Proxy
	books *books
	quit  chan struct{} // closed: no further call begins
	group sync.WaitGroup
}

func newCallers(p *proxy.Proxy, b *books) *callers {
	return &callers{proxy: p, books: b, quit: make(chan struct{})}
}

// start begins n callers, whose calls are cut when ctx ends.
func (c *callers) start(ctx context.Context, n int, seed uint64) {
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		c.group.Go(func() {
			for {
				if !c.rest(ctx, 5*time.Millisecond+rand.N(10*time.Millisecond)) {
					return
				}
				c.do(ctx, func(ctx context.Context) error { return c.some(ctx, i, rng) })
			}
		})
	}
}

// rest waits, and answers false when it is time to end.
func (c *callers) rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.quit:
		return false
	case <-ctx.Done():
		return false
	}
	select {
	case <-c.quit:
		return false
	default:
		return ctx.Err() == nil
	}
}

// do makes one call, with its deadline, and enters it into the books.
func (c *callers) do(ctx context.Context, call func(context.Context) error) {
	limited, stop := context.WithTimeout(ctx, callTimeout)
	defer stop()
	a := c.books.begin()
	err := call(limited)
	c.books.end(a, time.Now(), err)
}

// finish lets no further call begin and waits for those under way.
func (c *callers) finish() {
	close(c.quit)
	c.group.Wait()
}

// echo is what Echo.Echo is given and gives back.
type echo struct {
	Word string
	N    uint64
}

// some makes one call of caller number i. Half of the callers call what any
// server answers by itself: the gaps are those until the proxy has found one.
// The others need the cluster's leader, which may take longer to be there.
func (c *callers) some(ctx context.Context, i int, rng *rand.Rand) error {
	query := map[string]any{"Region": "global"}
	switch i % 4 {
	case 0:
		return c.echo(ctx, echo{Word: "once or twice", N: rng.Uint64()}, proxy.Idempotent)
	case 1:
		return c.proxy.Call(ctx, "Status.Leader", query, new(string))
	case 2:
		return c.echo(ctx, echo{Word: "to read", N: rng.Uint64()}, proxy.Read)
	default:
		return c.proxy.Call(ctx, "Status.Peers", query, new([]string))
	}
}

// echo fails also when another call's answer comes back.
func (c *callers) echo(ctx context.Context, said echo, class proxy.Class) error {
	var heard echo
	err := c.proxy.Call(ctx, "Echo.Echo", said, &heard, proxy.WithClass(class))
	if err == nil && heard != said {
		return fmt.Errorf("Echo.Echo: said %v, heard %v", said, heard)
	}
	return err
}
