package pool_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

// cutting is a connection that breaks when the first stream is opened: behind
// the SYN, before the request.
type cutting struct {
	net.Conn
	cut    atomic.Bool
	broke  chan struct{} // closed when the reader knows
	closed chan struct{} // closed when the pool has closed it
	reads  sync.Once
	closes sync.Once
	first  bool // the reader knows before anything is written in vain, or not until the pool does
}

func (c *cutting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		if !c.first {
			<-c.closed
		}
		c.reads.Do(func() { close(c.broke) })
	}
	return n, err
}

func (c *cutting) Write(b []byte) (int, error) {
	const windowUpdate, syn = 1, 1
	n, err := c.Conn.Write(b)
	if len(b) == 12 && b[1] == windowUpdate && b[3] == syn {
		c.cut.Store(true)
		_ = c.Conn.Close()
		if c.first {
			<-c.broke
		}
	}
	return n, err
}

func (c *cutting) Close() error {
	c.closes.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// A session that is killed between opening a stream and writing to it has sent
// nothing: the call goes over a new one, whatever its class.
func TestASessionKilledBetweenOpenAndWriteLosesNothing(t *testing.T) {
	for name, first := range map[string]bool{"the end is read first": true, "the end is met in writing": false} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			var dials atomic.Int64
			p := newPool(t, pool.Config{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				if err != nil || dials.Add(1) > 1 {
					return conn, err
				}
				return &cutting{Conn: conn, broke: make(chan struct{}), closed: make(chan struct{}), first: first}, nil
			}})
			noError(t, p.Call(within(t), s.Addr(), "Echo.Count", dict{"ID": "once"}, nil))
			if n := s.Executions("once"); n != 1 || dials.Load() != 2 {
				t.Fatalf("executed %d times over %d connections", n, dials.Load())
			}
		})
	}
}
