package proxy_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// wildContext is a context whose Err does what it is told.
type wildContext struct {
	context.Context
	err func() error
}

func (c *wildContext) Err() error { return c.err() }

// Value hides that it is around another one: what is derived from it asks its Err.
func (c *wildContext) Value(any) any { return nil }

// Each call waits until its context ends.
func TestAContextOfOthersEndsItsOwnCallAndNothingElse(t *testing.T) {
	for name, err := range map[string]func() error{
		"Err panics":       func() error { panic("in Err") },
		"Err says nothing": func() error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			entered := make(chan struct{}, 10)
			hang := func(ctx context.Context) error {
				entered <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}
			p := startProxy(t, proxy.Config{Servers: []string{"a", "b"}, Rebalance: calm, RetryTimeout: far, Pinger: hanging{hang}})
			for what, do := range map[string]func(context.Context) error{
				"Call":      func(ctx context.Context) error { return p.Call(ctx, "M.M", nil, nil, options(proxy.Read)...) },
				"Stream":    func(ctx context.Context) error { _, err := p.Stream(ctx, "M.M"); return err },
				"Ping":      func(ctx context.Context) error { _, err := p.Ping(ctx, "a"); return err },
				"Rebalance": func(ctx context.Context) error { _, err := p.Rebalance(ctx); return err },
			} {
				ends, end := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() {
					ended <- do(&wildContext{ends, func() error {
						if ends.Err() == nil {
							return nil
						}
						return err()
					}})
				}()
				receive(t, what, entered)
				end()
				got := receive(t, what, ended)
				if p, is := errors.AsType[*pool.AgentPanicError](got); got == nil || name == "Err panics" && (!is || p.Text != "in Err") {
					t.Errorf("%s: %v", what, got)
				}
			}
			lives(t, p)
			if panicked := p.Stats().Panics > 0; panicked != (name == "Err panics") {
				t.Errorf("%d panics are counted", p.Stats().Panics)
			}
		})
	}
}

// hanging is a Pinger, Caller and Streamer.
type hanging struct {
	hang func(context.Context) error
}

func (h hanging) Ping(ctx context.Context, _ string) (time.Duration, error) { return 0, h.hang(ctx) }

func (h hanging) Call(ctx context.Context, _, _ string, _, _ any) error { return h.hang(ctx) }

func (h hanging) Stream(ctx context.Context, _, _ string) (net.Conn, error) { return nil, h.hang(ctx) }
