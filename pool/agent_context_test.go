package pool_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
)

// agentsContext is a context of the agent's own type. What is nil is that of Context.
type agentsContext struct {
	context.Context
	deadline func() (time.Time, bool)
	done     func() <-chan struct{}
	err      func() error
	value    func(any) any
}

func (c *agentsContext) Deadline() (time.Time, bool) {
	if c.deadline != nil {
		return c.deadline()
	}
	return c.Context.Deadline()
}

func (c *agentsContext) Done() <-chan struct{} {
	if c.done != nil {
		return c.done()
	}
	return c.Context.Done()
}

func (c *agentsContext) Err() error {
	if c.err != nil {
		return c.err()
	}
	return c.Context.Err()
}

func (c *agentsContext) Value(key any) any {
	if c.value != nil {
		return c.value(key)
	}
	return nil // what is derived from it watches it in a goroutine
}

// badContexts are contexts around one that ends.
func badContexts() map[string]func(context.Context) context.Context {
	var none *badError
	return map[string]func(context.Context) context.Context{
		"Err panics": func(c context.Context) context.Context {
			return &agentsContext{Context: c, err: func() error { panic("in Err") }}
		},
		"Err panics at its end": func(c context.Context) context.Context {
			return &agentsContext{Context: c, err: func() error {
				if c.Err() != nil {
					panic("in Err")
				}
				return nil
			}}
		},
		"Err is nil at its end": func(c context.Context) context.Context {
			return &agentsContext{Context: c, err: func() error { return nil }}
		},
		"Err is a nil pointer at its end": func(c context.Context) context.Context {
			return &agentsContext{Context: c, err: func() error {
				if c.Err() != nil {
					return none
				}
				return nil
			}}
		},
		"Done panics": func(c context.Context) context.Context {
			return &agentsContext{Context: c, done: func() <-chan struct{} { panic("in Done") }}
		},
		"Deadline panics": func(c context.Context) context.Context {
			return &agentsContext{Context: c, deadline: func() (time.Time, bool) { panic("in Deadline") }}
		},
		"Value panics": func(c context.Context) context.Context {
			return &agentsContext{Context: c, value: func(any) any { panic("in Value") }}
		},
		"a nil pointer": func(context.Context) context.Context { return (*agentsContext)(nil) },
		"below a known one": func(c context.Context) context.Context {
			return context.WithValue(&agentsContext{Context: c, err: func() error { panic("in Err") }}, "key", 1) //nolint:revive,staticcheck // any
		},
		"its cause is a nil pointer": func(c context.Context) context.Context {
			caused, end := context.WithCancelCause(context.Background())
			context.AfterFunc(c, func() { end(none) })
			return caused
		},
	}
}

// While a server is silent a call, a stream and SetTLS wait, until their context ends.
func TestNoContextOfTheAgentsEndsThePool(t *testing.T) {
	for name, bad := range badContexts() {
		t.Run(name, func(t *testing.T) {
			ca, log := newAuthority(t), make(lines, 10_000)
			s := ca.server()
			held := holdCalls(t, s)
			p := newPool(t, pool.Config{TLS: ca.agent(), Logger: zerolog.New(log), DialTimeout: time.Hour})
			ping(t, p, s.Addr())
			frozen := startServer(t)
			frozen.Freeze()
			for what, do := range map[string]func(context.Context) error{
				"a call": func(ctx context.Context) error { return p.Call(ctx, s.Addr(), "Test.Hold", 1, nil) },
				"a limited call": func(ctx context.Context) error {
					return p.Do(ctx, frozen.Addr(), &pool.Request{Method: "Test.Hold", Limit: time.Hour})
				},
				"one to be dialed": func(ctx context.Context) error { return p.Call(ctx, frozen.Addr(), "Test.Hold", 1, nil) },
				"a ping":           func(ctx context.Context) error { _, err := p.Ping(ctx, frozen.Addr()); return err },
				"a stream":         func(ctx context.Context) error { _, err := p.Stream(ctx, frozen.Addr(), "Test.Hold"); return err },
				"other credentials": func(ctx context.Context) error {
					s.Freeze()
					defer s.Thaw()
					return p.SetTLS(ctx, ca.agent())
				},
			} {
				ends, end := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- do(bad(ends)) }()
				if what == "a call" && strings.Contains(name, "at its end") {
					receive(t, "the call", held.entered)
				}
				time.AfterFunc(time.Millisecond, end)
				err := receive(t, what, ended)
				if err == nil || err.Error() == "" {
					t.Errorf("%s: %v", what, err)
				}
				if p.Err() != nil {
					t.Fatal(p.Err())
				}
			}
			if panics := strings.Contains(name, "panics") || name == "a nil pointer" || name == "below a known one"; panics != (p.Stats().Panics > 0) && !strings.Contains(name, "nil pointer") {
				t.Errorf("%d panics counted", p.Stats().Panics)
			}
			if st := p.Stats(); st.CallsInFlight != 0 {
				t.Errorf("%d calls are in flight", st.CallsInFlight)
			}
			ping(t, p, s.Addr())
			stop(t, func(ctx context.Context) error {
				_ = p.Stop(bad(ctx))
				return p.Stop(ctx)
			})
		})
	}
}

var _ = errors.Is
