package proxy

import (
	"context"
	"net"

	"github.com/open-nomad/rpcproxy/pool"
)

// Call sends method with args to the active server and reads the answer into
// reply, a non-nil pointer, or nil to ignore it. When a server fails the call goes on
// with the next one, as far as its Class allows, until ctx ends; without a deadline in
// ctx, until Config.RetryTimeout. A call that a server refuses because it cannot serve it
// (pool.ErrNoRegionPath, pool.ErrUnknownMethod) is sent to each other server once; one
// with an unknown token (pool.ErrTokenNotFound) to two others. A call whose arguments name
// another region, or one server by ServerID, is sent three times at most to servers there
// that are in trouble.
//
// A Read or Idempotent call is hedged: if a server does not answer within its share of the
// time, the call is sent to another one too, if one is known that may answer. The share is
// 2 s at most, 5 s where there is much time or none was given, and at least twice what such
// calls usually take. The first answer is taken; no server is left for that alone. So a
// server that hangs does not cost the call, and a slow one is not asked in vain. An
// AtMostOnce call waits for its server, without a deadline in ctx until RetryTimeout.
//
// While no server is known that may answer, pauses grow: to 2 s, or in a large fleet until
// each server gets 64 agents a second, a minute at most, as far as the call's time allows. A
// blocking query whose session broke also pauses before the next server, for up to a tenth
// of that and 6 s, if that is 250 ms or more: every agent has such queries. These pauses end
// when a server is found. When there is no time for another attempt the call waits for the
// end of its time, so that a caller that repeats it at once does no harm.
//
// args is only read, never changed, and may be read once per attempt; a blocking query that
// is sent again asks for what is left of its time. A blocking query of class Read is also
// sent again, at once and at no cost, when another server becomes active. Every error is a
// *CallError; errors.Is reaches ctx.Err, ErrNoServers, ErrStopped, ErrNoCaller,
// ErrRetriesSpent, ErrBreaksServers and the sentinels of package pool, errors.AsType its types.
func (p *Proxy) Call(ctx context.Context, method string, args, reply any, opts ...CallOption) error {
	if p == nil {
		return notStarted(method)
	}
	return p.calls.call(p.guarded(ctx), method, args, reply, opts)
}

// Stream opens a streaming call of method to the active server and waits until it
// is acknowledged. When a server fails before that it goes on with the next one:
// nothing was executed yet. It waits as Call does, until ctx ends or, without a
// deadline in ctx, until Config.RetryTimeout; the errors are those of Call.
//
// The connection belongs to the caller, which sends the method's request on it, reads its
// frames (pool.NewFrameReader) and must close it; ctx no longer matters then. It
// stays on its server, also when another one becomes active.
func (p *Proxy) Stream(ctx context.Context, method string) (net.Conn, error) {
	if p == nil {
		return nil, notStarted(method)
	}
	return p.calls.stream(p.guarded(ctx), method)
}

// call is Proxy.Call.
func (s *calls) call(ctx context.Context, method string, args, reply any, opts []CallOption) error {
	c := call{shared: s, method: method, class: classify(method, args)}
	c.way.Block = pool.BlockTime(args)
	for _, o := range opts {
		o(&c)
	}
	return c.finished(ctx, args, reply)
}

// finished carries the call, and counts how it ended.
func (c *call) finished(ctx context.Context, args, reply any) (err error) {
	if c.shared.observers == nil {
		err = c.carry(ctx, args, reply)
	} else {
		err = c.observed(ctx, args, reply)
	}
	c.shared.tally.callEnded(outcome(err), int(c.tries))
	return err
}

// carry makes the call.
func (c *call) carry(ctx context.Context, args, reply any) error {
	s := c.shared
	if s.caller == nil || c.stream && s.streamer == nil {
		return c.notTried(ErrNoCaller)
	}
	if err := s.ended(); err != nil {
		return c.notTried(err)
	}
	return c.start(ctx, args, reply)
}

// stream is Proxy.Stream.
func (s *calls) stream(ctx context.Context, method string) (net.Conn, error) {
	c := call{shared: s, method: method, class: Read, stream: true}
	var conn net.Conn
	c.open = func(ctx context.Context, addr string) (err error) {
		conn, err = s.streamer.Stream(ctx, addr, method)
		return err
	}
	if err := c.finished(ctx, nil, nil); err != nil {
		return nil, err
	}
	return conn, nil
}

// ended is why no call is made any more; nil while there are.
func (s *calls) ended() error {
	if err := s.owner.Err(); err != nil {
		return err
	}
	if s.tenant && s.life.Err() != nil {
		return ErrStopped
	}
	return nil
}

// The pool opens streams, unless the embedder brings connections.
var _ Streamer = (*pool.Pool)(nil)
