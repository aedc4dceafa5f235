package proxy

import (
	"context"
	"net"

	"github.com/open-nomad/rpcproxy/pool"
)

// Streamer opens streaming calls. A Pinger that is a Caller may be one too; see
// pool.Pool.Stream for what the connection must do.
type Streamer interface {
	Stream(ctx context.Context, addr, method string) (net.Conn, error)
}

// Stream opens a streaming call of method to the active server and waits until it
// is acknowledged. When a server fails before that it goes on with the next one:
// nothing was executed yet. It waits as Call does, until ctx ends or, without a
// deadline in ctx, until Config.RetryTimeout; the errors are those of Call.
//
// The connection is the caller's, who sends the method's request on it, reads its
// frames (pool.NewFrameReader) and must close it; ctx no longer matters then. It
// stays on the server it was opened to, also when another comes in front.
func (p *Proxy) Stream(ctx context.Context, method string) (net.Conn, error) {
	var open Streamer = p.pool
	if p.pool == nil {
		open, _ = p.caller.(Streamer)
	}
	c := call{proxy: p, method: method, class: Read}
	if open == nil {
		return nil, c.fail(ErrNoCaller)
	}
	if err := p.owner.Err(); err != nil {
		return nil, c.fail(err)
	}
	var conn net.Conn
	c.open = func(ctx context.Context, addr string) (err error) {
		conn, err = open.Stream(ctx, addr, method)
		return err
	}
	if err := c.carry(ctx, nil, nil); err != nil {
		return nil, err
	}
	return conn, nil
}

// The pool is what streams are opened over, unless the embedder brings its own.
var _ Streamer = (*pool.Pool)(nil)
