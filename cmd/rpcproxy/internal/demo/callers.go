package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// callTimeout is the deadline of each call of the demo. Every outage of the
// scenario is far shorter, on a slow machine too: during each call some server is
// alive at some time, so a call that fails was lost.
const callTimeout = 30 * time.Second

// callers make calls, each one after the other, until they are finished.
type callers struct {
	proxy *proxy.Proxy
	tally *tally
	quit  chan struct{} // closed: no further call begins
	group sync.WaitGroup
}

func newCallers(p *proxy.Proxy, t *tally) *callers {
	return &callers{proxy: p, tally: t, quit: make(chan struct{})}
}

// start starts n callers. Their calls end with ctx.
func (c *callers) start(ctx context.Context, n int, seed uint64) {
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		c.group.Go(func() {
			for {
				if !c.pause(ctx, 5*time.Millisecond+rand.N(10*time.Millisecond)) {
					return
				}
				c.do(ctx, func(ctx context.Context) error { return c.call(ctx, i, rng) })
			}
		})
	}
}

// pause waits for d, or for the end of the callers, and reports whether to go on.
func (c *callers) pause(ctx context.Context, d time.Duration) bool {
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

// do makes one call, with its deadline, and counts it. One that ended with the demo does not
// count: it was not lost.
func (c *callers) do(ctx context.Context, call func(context.Context) error) {
	limited, stop := context.WithTimeout(ctx, callTimeout)
	defer stop()
	begun := c.tally.begin()
	err := call(limited)
	if err != nil && ctx.Err() != nil {
		c.tally.forget(begun)
		return
	}
	c.tally.end(begun, time.Now(), err)
}

// finish lets no further call begin and waits for those that have begun.
func (c *callers) finish() {
	close(c.quit)
	c.group.Wait()
}

// echo is both the arguments and the reply of Echo.Echo.
type echo struct {
	Word string
	N    uint64
}

// call makes one call of caller number i. Half of the callers use a method that any
// server answers by itself: their gaps last until the proxy has found a server. The
// others need the leader, and an election may take longer.
func (c *callers) call(ctx context.Context, i int, rng *rand.Rand) error {
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

// echo fails also when the reply is that of another call.
func (c *callers) echo(ctx context.Context, args echo, class proxy.Class) error {
	var reply echo
	err := c.proxy.Call(ctx, "Echo.Echo", args, &reply, proxy.WithClass(class))
	if err == nil && reply != args {
		return fmt.Errorf("Echo.Echo: sent %v, received %v", args, reply)
	}
	return err
}
