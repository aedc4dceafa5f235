package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// callers call, each one call after the other, until quit is closed.
type callers struct {
	proxy  *proxy.Proxy
	ledger *ledger
	block  []byte        // random bytes that payloads are cut from; never changed
	quit   chan struct{} // closed: no further call begins
	group  sync.WaitGroup
}

// Payloads are between these, small ones as often as large ones, and cut from a
// block that is larger.
const (
	leastPayload = 16
	mostPayload  = 256 << 10
	blockSize    = 1 << 20
)

func newCallers(p *proxy.Proxy, l *ledger, seed uint64) *callers {
	c := &callers{proxy: p, ledger: l, block: make([]byte, blockSize), quit: make(chan struct{})}
	rng := rand.New(rand.NewPCG(seed, 0xb10c))
	for i := range c.block {
		c.block[i] = byte(rng.Uint32())
	}
	return c
}

// start begins n callers. Each makes a call at least, however short the soak is
// and however little the machine runs it.
func (c *callers) start(n int, seed uint64) {
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		c.group.Go(func() {
			for number := 0; c.rest(20*time.Millisecond+time.Duration(rng.Int64N(int64(100*time.Millisecond)))) || number == 0; number++ {
				c.callOnce(rng, strconv.Itoa(i)+"-"+strconv.Itoa(number))
			}
		})
	}
}

// finish lets no further call begin and waits for those under way.
func (c *callers) finish() {
	close(c.quit)
	c.group.Wait()
}

// rest waits, and returns false when it is time to end.
func (c *callers) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.quit:
	}
	select {
	case <-c.quit:
		return false
	default:
		return true
	}
}

// do makes one call within the deadline and enters how it ended.
func (c *callers) do(g group, id string, call func(context.Context) error) error {
	ctx, stop := context.WithTimeout(context.Background(), callTimeout)
	defer stop()
	e := ending{group: g, id: id, begin: time.Now()}
	e.err = call(ctx)
	e.end = time.Now()
	c.ledger.enter(e)
	return e.err
}

// callOnce makes one call; how it ends is in the ledger.
func (c *callers) callOnce(rng *rand.Rand, id string) {
	switch n := rng.IntN(10); {
	case n < 3:
		_ = c.do(echo, "", func(ctx context.Context) error { return c.echo(ctx, rng) })
	case n < 6:
		_ = c.do(count, id, func(ctx context.Context) error { return c.count(ctx, id, proxy.WithClass(proxy.Idempotent)) })
	default:
		_ = c.do(atMostOnce, id, func(ctx context.Context) error { return c.count(ctx, id) })
	}
}

// message is the argument and the answer of Echo.Echo.
type message struct {
	Number  uint64
	Payload []byte
}

func (c *callers) echo(ctx context.Context, rng *rand.Rand) error {
	size := leastPayload << rng.IntN(15)
	size = min(size+rng.IntN(size), mostPayload)
	from := rng.IntN(blockSize - size)
	said := message{Number: rng.Uint64(), Payload: c.block[from : from+size]}
	var heard message
	if err := c.proxy.Call(ctx, "Echo.Echo", said, &heard, proxy.WithClass(proxy.Idempotent)); err != nil {
		return err
	}
	if heard.Number != said.Number || !bytes.Equal(heard.Payload, said.Payload) {
		return &corruptError{wanted: said.String(), got: heard.String()}
	}
	return nil
}

func (m message) String() string {
	return fmt.Sprintf("number %x and %d bytes that begin with % x", m.Number, len(m.Payload), m.Payload[:min(len(m.Payload), 16)])
}

// count makes the cluster count one execution.
func (c *callers) count(ctx context.Context, id string, opts ...proxy.CallOption) error {
	var reply testutil.EchoCount
	if err := c.proxy.Call(ctx, "Echo.Count", map[string]any{"ID": id}, &reply, opts...); err != nil {
		return err
	}
	if reply.ID != id || reply.Count < 1 {
		return &corruptError{wanted: "the count of " + id, got: fmt.Sprintf("%+v", reply)}
	}
	return nil
}
