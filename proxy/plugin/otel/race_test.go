package otel_test

import (
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
)

// Many calls at once, while servers fail and metrics are read. The providers check that each span
// ends; run it with the race detector.
func TestManyGoroutinesWhileServersFail(t *testing.T) {
	p, c, seen := start(t, 3, nil)
	const calls = 8 * 50
	var callers, reader sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range calls / 8 {
				if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	reader.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				seen.collect(t)
			}
		}
	})
	for i := range c.Servers() {
		c.Kill(i)
		if err := p.Call(within(t), "Status.Ping", struct{}{}, nil, proxy.WithClass(proxy.Read)); err != nil {
			t.Error(err)
		}
		if err := c.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	callers.Wait()
	close(done)
	reader.Wait()
	told(t, p)
	if n := len(seen.named("Status.Ping")); n != calls+len(c.Servers()) {
		t.Errorf("%d spans of %d calls", n, calls+len(c.Servers()))
	}
}
