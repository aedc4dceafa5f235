package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// starter starts the agent that is attacked.
type starter func(target) (*agent, error)

// agent uses the library as an agent would, with its defaults.
type agent struct {
	proxy         *proxy.Proxy
	busy          []func(context.Context)     // what it goes on doing, each in a goroutine of its own, until the context ends
	before        func(context.Context) error // nil, or what is stopped before the proxy
	first         error                       // nil, or why the agent refused what it was given, and did without it
	calls, failed atomic.Int64
	said          atomic.Pointer[string] // the last error of a call
}

// note counts one call, or whatever the agent goes on doing.
func (a *agent) note(err error) {
	a.calls.Add(1)
	if err != nil {
		a.failed.Add(1)
		text := err.Error()
		text = text[:min(len(text), 4096)]
		a.said.Store(&text)
	}
}

// toil is busy until ctx ends. The error is that something did not end with it.
func (a *agent) toil(ctx context.Context) error {
	var all sync.WaitGroup
	for _, f := range a.busy {
		all.Go(func() { f(ctx) })
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	<-ctx.Done()
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("what the agent does has not ended %v after its context", patience)
	}
}

// patience is how long a machine may take for what takes no time.
const patience = 30 * time.Second

// works reports why the agent cannot make a call to a good server; nil: it can.
func (a *agent) works(server string) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if err := a.proxy.SetServers(ctx, server); err != nil {
		return fmt.Errorf("a good server cannot be set: %w", err)
	}
	var got string
	err := a.proxy.Call(ctx, "Echo.Echo", "still there", &got, proxy.WithClass(proxy.Read))
	if err == nil && got != "still there" {
		err = fmt.Errorf("the answer is %.40q", got)
	}
	if err != nil {
		return fmt.Errorf("a good server is not reached: %w", err)
	}
	return nil
}

// stop ends the agent.
func (a *agent) stop() error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	var err error
	if a.before != nil {
		err = a.before(ctx)
	}
	if err = errors.Join(err, a.proxy.Stop(ctx)); err != nil {
		return fmt.Errorf("the agent does not stop: %w", err)
	}
	return nil
}

// calling is what the callers of an agent call. The zero value is small calls.
type calling struct {
	args   any           // nil: a small map
	reply  func() any    // nil: whatever comes
	each   time.Duration // the deadline of each call; zero: 300 ms
	stream bool          // they open streaming calls and read them
}

// callers is an agent with one server, and four callers. Unless they open streams
// themselves, there is one more that does.
func callers(c calling) starter {
	return func(t target) (*agent, error) {
		a, err := start(proxy.Config{Servers: []string{t.Addr}, Pool: pool.Config{Handlers: handlers()}})
		if err != nil {
			return nil, err
		}
		a.add(4, c)
		if !c.stream {
			a.add(1, calling{stream: true})
		}
		return a, nil
	}
}

// nowhere is a resolver that asks nobody: the names that attacks make up are for nobody
// else to hear of.
var nowhere = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no resolver")
}}

// start starts an agent that does nothing yet.
func start(cfg proxy.Config) (*agent, error) {
	cfg.Pool.Resolver = nowhere
	p, err := proxy.Start(cfg)
	if err != nil {
		return nil, err
	}
	return &agent{proxy: p}, nil
}

// add adds n callers.
func (a *agent) add(n int, c calling) {
	if c.args == nil {
		c.args = map[string]any{"What": "small"}
	}
	if c.each == 0 {
		c.each = 300 * time.Millisecond
	}
	if c.reply == nil {
		c.reply = func() any { return new(any) }
	}
	for i := range n {
		class := proxy.Class(i % 2) // half may be sent again, and are hedged
		a.busy = append(a.busy, func(ctx context.Context) {
			a.again(ctx, c.each, func(ctx context.Context) error {
				if c.stream {
					return a.read(ctx)
				}
				return a.proxy.Call(ctx, "Echo.Echo", c.args, c.reply(), proxy.WithClass(class))
			})
		})
	}
}

// again does something again and again, each time for so long at most, until ctx ends.
func (a *agent) again(ctx context.Context, each time.Duration, do func(context.Context) error) {
	for ctx.Err() == nil {
		once, stop := context.WithTimeout(ctx, each)
		a.note(do(once))
		stop()
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond): // an agent has something else to do as well
		}
	}
}

// read opens a streaming call and reads it until ctx ends.
func (a *agent) read(ctx context.Context) error {
	conn, err := a.proxy.Stream(ctx, "Echo.Stream")
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	if err := pool.WriteRequest(conn, map[string]any{"Count": 1}); err != nil {
		return err
	}
	for r := pool.NewFrameReader(conn); ; {
		if _, err := r.Next(); err != nil {
			return err
		}
	}
}
