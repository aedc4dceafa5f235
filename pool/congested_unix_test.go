//go:build unix && !blockingwrites

package pool

import (
	"context"
	"testing"
)

// With so much before it that the transport holds back, a request is not even
// handed over.
func TestARequestToAServerThatReadsNothingIsNotSent(t *testing.T) {
	p, srv, s, let := stuck(t)
	let()
	srv.Freeze()
	defer srv.Thaw()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := 0; !s.conn.Congested(); i++ {
		if i == 1000 {
			t.Fatal("it takes everything")
		}
		go func() { _ = p.Call(ctx, srv.Addr(), "Echo.Echo", make([]byte, 200<<10), nil) }()
		awaitTrue(t, "the call", func() bool { return s.conn.Congested() || s.InFlight() > int64(i) })
	}
	before := s.InFlight()
	last, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Call(last, srv.Addr(), "Echo.Count", map[string]string{"ID": "queued"}, nil) }()
	awaitTrue(t, "the last call", func() bool { return s.InFlight() > before })
	leave()
	notSent(t, <-done, context.Canceled)
}
