package proxy_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// forgettable is a connection whose path can forget it: what is written vanishes, and
// nothing comes back.
type forgettable struct {
	net.Conn
	forgotten *atomic.Bool
	closed    context.Context
	shut      context.CancelFunc
}

func (c *forgettable) Write(b []byte) (int, error) {
	if c.forgotten.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *forgettable) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.forgotten.Load() {
		<-c.closed.Done()
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *forgettable) Close() error {
	c.shut()
	return c.Conn.Close()
}

// path dials connections that it can forget, all those there are at once.
type path struct {
	dials     atomic.Int64
	forgotten atomic.Pointer[atomic.Bool] // of the connections that are made now
}

func newPath() *path {
	p := new(path)
	p.forgotten.Store(new(atomic.Bool))
	return p
}

func (p *path) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p.dials.Add(1)
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &forgettable{Conn: conn, forgotten: p.forgotten.Load()}
	c.closed, c.shut = context.WithCancel(context.Background())
	return c, nil
}

// forget has the path lose every connection there is; new ones work.
func (p *path) forget() { p.forgotten.Swap(new(atomic.Bool)).Store(true) }

// A device on the way that forgets idle connections takes nothing from the servers, of
// which there may be one only: a call learns that its session is dead by a new one.
func TestACallOutlivesAPathThatForgetsItsConnections(t *testing.T) {
	for name, size := range map[string]int{"one server": 1, "all of three": 3} {
		t.Run(name, func(t *testing.T) {
			cluster, way := startCluster(t, size), newPath()
			p := startProxy(t, proxy.Config{Servers: cluster.Addrs(), Pool: pool.Config{
				Dial: way.dial, DialTimeout: 2 * time.Second, // the path may forget a dial that is under way
				SilenceLimit: 50 * time.Millisecond, PingTimeout: 100 * time.Millisecond, HoldTimeout: far,
			}})
			ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
			defer cancel()
			for _, addr := range cluster.Addrs() { // a session to each
				if _, err := p.Ping(ctx, addr); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				before, renewed := way.dials.Load(), p.Renewed()
				way.forget()
				if err := p.Call(ctx, "Status.Peers", map[string]any{"Region": "global"}, nil); err != nil {
					t.Fatal(err)
				}
				if way.dials.Load() == before {
					t.Error("it was answered on a connection that is dead")
				}
				if size > 1 {
					continue // another server may have taken over
				}
				select {
				case <-renewed:
				case <-ctx.Done():
					t.Error("Renewed does not report the new session, so the server does not learn of the agent")
				}
			}
		})
	}
}

// It is not known what became of a call that was sent on a connection which is dead, so one
// that must not run twice is not sent on one that was silent before the server has
// answered a ping: it is executed once, on a new connection.
func TestACallThatMustNotRunTwiceOutlivesAPathThatForgotItsConnectionsWhileTheyWereIdle(t *testing.T) {
	t.Parallel()
	const silence = 300 * time.Millisecond
	for name, size := range map[string]int{"one server": 1, "all of three": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, way := startCluster(t, size), newPath()
			p := startProxy(t, proxy.Config{Servers: cluster.Addrs(), Pool: pool.Config{
				Dial: way.dial, SilenceLimit: silence, PingTimeout: 3 * time.Second, HoldTimeout: far,
			}})
			for _, addr := range cluster.Addrs() { // a session to each
				if _, err := p.Ping(within(t), addr); err != nil {
					t.Fatal(err)
				}
			}
			way.forget()
			idle := time.Now()
			eventually(t, "silence", func() bool { return time.Since(idle) > silence })
			ctx, cancel := context.WithTimeout(context.Background(), 2*limit)
			defer cancel()
			if err := p.Call(ctx, "Echo.Count", counted{name}, nil, options(proxy.AtMostOnce)...); err != nil {
				t.Error(err)
			}
			if n := cluster.Executions(name); n != 1 {
				t.Errorf("executed %d times", n)
			}
		})
	}
}
