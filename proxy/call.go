package proxy

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// call is one call on its way over the servers: it does what way decides.
type call struct {
	proxy  *Proxy
	method string
	class  Class
	way    attempt.Call
	hold   time.Duration   // how long it may take beyond its block time; 0: as the pool has it
	whole  context.Context // of the call, where an attempt has one of its own; nil: it has none

	open     func(ctx context.Context, addr string) error // opens a stream instead; nil: it is a call
	answered *messages.Server                             // where to say who answered; nil: nobody asks

	looked    bool // whether elsewhere is known
	elsewhere bool // the call is not for the leader of the agent's own cluster

	now    *published // from which the server of the next attempt was chosen
	began  time.Time  // the next attempt, or the one under way
	last   *CallError // of the last attempt
	denial *CallError // of the last server that said it cannot serve the call
	maybe  bool       // an attempt may have been executed
}

// Call sends method with args to the active server and reads the answer into
// reply, a non-nil pointer, or nil to ignore it. When a server fails it goes on
// with the next one, as far as the call's class allows, until ctx ends; without
// a deadline in ctx, until Config.RetryTimeout. What a server says it cannot serve
// (pool.ErrNoRegionPath, pool.ErrUnknownMethod) each of the others is asked once,
// and a call whose arguments name another region, or one server by ServerID, is sent
// three times at most to servers there that are in trouble.
//
// args is only read, never changed, and may be read once per attempt; a blocking
// query that is sent again asks for what is left of its time. One of class Read is
// also sent again, at once and at no cost, when another server comes in front, so
// that no server is asked that the agent has left. Every error is a
// *CallError; errors.Is reaches ctx.Err, ErrNoServers, ErrStopped, ErrNoCaller,
// ErrRetriesSpent and the sentinels of package pool, errors.AsType its types.
func (p *Proxy) Call(ctx context.Context, method string, args, reply any, opts ...CallOption) error {
	c := call{proxy: p, method: method, class: classify(method, args)}
	c.way.Block = pool.BlockTime(args)
	for _, o := range opts {
		o(&c)
	}
	if p.caller == nil {
		return c.fail(ErrNoCaller)
	}
	if err := p.owner.Err(); err != nil {
		return c.fail(err)
	}
	return c.carry(ctx, args, reply)
}

// carry does what the call's way says until it is answered or given up.
func (c *call) carry(ctx context.Context, args, reply any) error {
	c.way.Repeatable, c.way.RetryTimeout = c.class.repeatable(), c.proxy.cfg.RetryTimeout
	c.way.Deadline, _ = ctx.Deadline()
	var begin time.Time // of the blocking query that asks for way.Block
	if c.way.Block > 0 {
		begin = time.Now()
	}
	for again, sent := args, false; ; {
		if sent && c.way.Block > 0 {
			// Never zero: a query without a time is held for the server's default.
			left := max(c.way.Block-time.Since(begin), time.Millisecond)
			if short, ok := pool.Shortened(args, left); ok {
				again, c.way.Block, begin = short, left, time.Now()
			}
		}
		c.now, c.began = c.proxy.now.Load(), time.Now()
		if !sent {
			c.avoid()
		}
		do := c.way.Next(&attempt.Env{
			Now: c.began, View: c.now.view, Draw: rand.Int64N, Tokens: &c.proxy.budget,
			Pace: time.Duration(c.proxy.pace.Load()),
		})
		var err error
		switch do.Do {
		case attempt.Try:
			sent = true
			if err = c.try(ctx, do, again, reply); err == nil {
				return nil
			}
			err = c.goesOn(ctx)
		case attempt.Pause:
			err = c.pause(ctx, do.For)
		case attempt.Await:
			err = c.await(ctx, do.For)
		case attempt.End:
			return c.ended(do.Why)
		}
		if err != nil {
			return c.giveUp(err)
		}
	}
}

// try makes one attempt and tells the owner what it says about the server.
func (c *call) try(ctx context.Context, do attempt.Action, args, reply any) error {
	now, limited, stop := c.now, ctx, func() {}
	if do.Limit > 0 {
		limited, stop = context.WithTimeoutCause(ctx, do.Limit, errSlice)
		c.whole = ctx
	}
	defer stop()
	err := c.send(limited, do.Server.Addr, args, reply)
	if err == nil {
		c.proxy.budget.gain()
		if pace, tells := c.way.Answered(time.Now()); tells {
			c.proxy.pace.Store(int64(pace))
		}
		if c.answered != nil {
			*c.answered = do.Server
		}
		c.proxy.answers(now, do.Server)
		c.served(do.Server)
		return nil
	}
	if moved(err) {
		c.last = nil
		c.way.Moved(time.Now())
		return err
	}
	if limited.Err() != nil && ctx.Err() == nil {
		err = sliced(err)
	}
	c.look(args)
	v := c.failed(do.Server, err)
	c.unserved(do.Server)
	if ctx.Err() == nil && v.Rotate {
		// When this returns the view is rotated. It fails only if ctx ends or the
		// proxy stops, which the next step sees.
		_ = c.proxy.failed(ctx, messages.FailureNotice{
			Server: do.Server, Epoch: now.view.Epoch(), Err: c.last, NoQuorum: leaderless(err),
		})
	}
	return c.last
}

// goesOn is why a call whose attempt failed is not sent again although it could be.
func (c *call) goesOn(ctx context.Context) error {
	if c.last == nil || !c.way.Verdict().Retry {
		return nil
	}
	return ctx.Err()
}

// send hands one attempt to whoever carries calls. The proxy's own pool ends its
// calls itself when the proxy stops.
func (c *call) send(ctx context.Context, addr string, args, reply any) error {
	p := c.proxy
	switch {
	case c.open != nil:
		return c.open(ctx, addr)
	case p.pool != nil:
		r := pool.Request{
			Method: c.method, Args: args, Reply: reply, Block: c.way.Block, Hold: c.hold,
			Repeatable: c.class.repeatable(), Verify: c.class == AtMostOnce, Rest: c.whole,
		}
		if c.way.Block > 0 && c.class == Read {
			r.Moved = c.now.front.left
		}
		return p.pool.Do(ctx, addr, &r)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	err := p.caller.Call(ctx, addr, c.method, args, reply)
	if err != nil && p.life.Err() != nil {
		return ErrStopped
	}
	return err
}

// answers tells the owner that a server has answered of which it did not know. One
// of the calls that find out together does; a full mailbox loses the news, and the
// next call brings it again.
func (p *Proxy) answers(now *published, server messages.Server) {
	active := server.Addr == now.active.Addr
	switch {
	case active && (!now.news.Load() || !now.news.CompareAndSwap(true, false)):
		return
	case !active && !unproven(now.view.Health(server)):
		return
	}
	if p.owner.TryTell(messages.Recovered{Server: server, Epoch: now.view.Epoch()}) != nil && active {
		now.news.Store(true)
	}
}

// unproven says whether an answer of a server would be news. That it knows a
// leader, an answer does not say.
func unproven(h messages.Health) bool { return h == messages.Unknown || h == messages.Failed }
