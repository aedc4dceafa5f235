package pool_test

import (
	"context"
	"net"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

// A handler that does not look at its context keeps a goroutine of the session. Whoever
// makes the agent known to its server hears of the session's end all the same.
func TestTheEndOfASessionIsReportedWhileAHandlerGoesOn(t *testing.T) {
	for _, kind := range []string{"a call", "a stream"} {
		t.Run(kind, func(t *testing.T) {
			downs, entered, release := make(chan error, 10), make(chan struct{}, 10), make(chan struct{})
			blocks := func() { entered <- struct{}{}; <-release }
			p := newPool(t, pool.Config{Handlers: pool.Handlers{
				Calls: map[string]pool.CallHandler{
					"Test.Block": func(context.Context, func(any) error) (any, error) { blocks(); return nil, nil },
				},
				Streams: map[string]pool.StreamHandler{
					"Test.Block": func(context.Context, net.Conn) error { blocks(); return nil },
				},
			}}, poolhooks.Hooks{Down: func(_ string, err error) { downs <- err }})
			defer close(release)
			s := startServer(t)
			register(t, p, s)
			if kind == "a stream" {
				c, err := s.StreamNode(within(t), "n1", "Test.Block")
				noError(t, err)
				defer c.Close()
			} else {
				go func() { _ = s.CallNode(context.Background(), "n1", "Test.Block", 1, nil) }()
			}
			receive(t, "the request", entered)
			s.Kill()
			if err := receive(t, "the notice", downs); err == nil {
				t.Error("the notice has no reason")
			}
			noError(t, s.Restart())
			ping(t, p, s.Addr())
			if st := p.Stats(); st.Dials != 2 || len(downs) != 0 {
				t.Errorf("%+v, and reported %d times more", st, len(downs))
			}
		})
	}
}
