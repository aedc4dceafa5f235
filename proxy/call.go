package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// call is one call on its way over the servers.
type call struct {
	proxy  *Proxy
	method string
	class  Class
	block  time.Duration // how long the server was asked to hold it
	hold   time.Duration // how long it may take beyond that; 0: as the pool has it

	slicing // of a call with a budget

	open     func(ctx context.Context, addr string) error // opens a stream instead; nil: it is a call
	answered *messages.Server                             // where to say who answered; nil: nobody asks

	denial    *CallError // of the last server that said it cannot serve the call
	few       int        // attempts that found another cluster, or one server, in trouble
	looked    bool       // whether elsewhere is known
	elsewhere bool       // the call is not for the leader of the agent's own cluster

	attempts int        // in this episode; those that were moved not counted
	sent     time.Time  // when the last one of a blocking query began, but for the first
	held     bool       // that one was held for long before it failed
	tried    []string   // servers that failed in this turn over the list
	pauses   int        // taken so far
	until    time.Time  // no retry after it
	last     *CallError // of the last attempt
	maybe    bool       // an attempt may have been executed
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
	c := call{proxy: p, method: method, class: classify(method, args), block: pool.BlockTime(args)}
	for _, o := range opts {
		o(&c)
	}
	if p.caller == nil {
		return c.fail(ErrNoCaller)
	}
	if err := p.owner.Err(); err != nil {
		return c.fail(err)
	}
	now, begin := p.now.Load(), time.Time{}
	if c.block > 0 {
		begin = time.Now()
	}
	// The common case: the server in front answers.
	if now.some {
		if err := c.try(ctx, now, now.active, args, reply); err == nil {
			return nil
		}
	}
	return c.persist(ctx, begin, args, reply)
}

// persist carries on after the first attempt failed, or found no server.
func (c *call) persist(ctx context.Context, begin time.Time, args, reply any) error {
	c.episode(ctx)
	for {
		if c.last != nil {
			v := judge(c.last, c.class, c.elsewhere)
			if final := c.settle(v); final != nil {
				return final
			}
			if err := ctx.Err(); err != nil {
				return c.giveUp(err)
			}
			// What reached no server, or one that cannot serve it, cost none anything.
			broke := c.last.Outcome != pool.NotSent && !v.denied && !c.proxy.budget.spend()
			if v.pause || broke || !v.denied && !c.othersLeft() {
				if err := c.pause(ctx, broke); err != nil {
					return c.giveUp(err)
				}
			}
		}
		now, server, err := c.pick(ctx)
		if err != nil {
			return c.giveUp(err)
		}
		again := args
		if c.block > 0 {
			// Never zero: a query without a time is held for the server's default.
			left := max(c.block-time.Since(begin), time.Millisecond)
			if short, ok := pool.Shortened(args, left); ok {
				again, c.block, begin = short, left, time.Now()
			}
		}
		c.sent = time.Now()
		if err := c.try(ctx, now, server, again, reply); err == nil {
			return nil
		}
		if c.held {
			c.episode(ctx)
		}
	}
}

// episodeGap is how long an attempt of a blocking query must have been held for
// its failure to have nothing to do with the one before.
const episodeGap = 5 * time.Second

// wasHeld reports whether an attempt that failed was held for so long, as it was asked
// to be. A refusal that took long was not: without a leader it takes 5 s (recording
// no_leader), and a server that dials a dead one waits for 10 s.
func (c *call) wasHeld(outcome pool.Outcome) bool {
	return c.block > episodeGap && outcome == pool.MaybeExecuted && !c.sent.IsZero() && time.Since(c.sent) > episodeGap
}

// episode begins to count turns, pauses and time anew. Attempts that found trouble
// elsewhere stay counted: it does not pass because another one was held.
func (c *call) episode(ctx context.Context) {
	c.tried, c.pauses, c.denial = c.tried[:0], 0, nil
	c.until = time.Now().Add(c.proxy.cfg.RetryTimeout)
	if at, ok := ctx.Deadline(); ok {
		c.until = at
	}
}

// try makes one attempt and tells the owner what it says about the server.
func (c *call) try(ctx context.Context, now *published, server messages.Server, args, reply any) error {
	c.attempts++
	limited, stop := c.attempt(ctx, now.view.Len())
	defer stop()
	err := c.carry(limited, now, server.Addr, args, reply)
	if err == nil {
		c.proxy.budget.gain()
		c.landed()
		if c.answered != nil {
			*c.answered = server
		}
		c.proxy.answers(now, server)
		return nil
	}
	if moved(err) {
		c.attempts--
		c.last, c.held = nil, false
		c.episode(ctx)
		return err
	}
	if limited.Err() != nil && ctx.Err() == nil {
		err = c.sliced(err)
	}
	c.last = c.wrap(server, err)
	c.look(args)
	if ctx.Err() == nil && judge(c.last, c.class, c.elsewhere).rotate {
		// When this returns the view is rotated. It fails only if ctx ends or the
		// proxy stops, which the next step sees.
		_ = c.proxy.failed(ctx, messages.FailureNotice{
			Server: server, Epoch: now.view.Epoch(), Err: c.last, NoQuorum: leaderless(err),
		})
	}
	return c.last
}

// carry hands one attempt to whoever carries calls. The proxy's own pool ends its
// calls itself when the proxy stops.
func (c *call) carry(ctx context.Context, now *published, addr string, args, reply any) error {
	p := c.proxy
	switch {
	case c.open != nil:
		return c.open(ctx, addr)
	case p.pool != nil:
		r := pool.Request{Method: c.method, Args: args, Reply: reply, Block: c.block, Hold: c.hold, Repeatable: c.class.repeatable()}
		if c.block > 0 && c.class == Read {
			r.Moved = now.front.left
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

// wrap makes the one wrapper of an attempt's error.
func (c *call) wrap(server messages.Server, err error) *CallError {
	e := CallError{Method: c.method, Server: server.Addr, Phase: pool.PhaseFlushed, Err: err}
	if carried, ok := errors.AsType[*CallError](err); ok {
		e = *carried
	}
	if c.held = c.wasHeld(e.Outcome); c.held {
		c.attempts = 1 // its failure is the first of an episode
	}
	e.Attempts = c.attempts
	if c.maybe = c.maybe || e.Outcome == pool.MaybeExecuted; c.maybe {
		e.Outcome = pool.MaybeExecuted // of the call: an earlier attempt counts too
	}
	return &e
}

// giveUp ends a call that could have been tried again, for the reason why.
func (c *call) giveUp(why error) error {
	if c.last == nil {
		return c.fail(why)
	}
	if errors.Is(c.last.Err, why) {
		return c.last
	}
	e := *c.last // the owner may have the other one, and read it at leisure
	e.Err = fmt.Errorf("%w: %w", e.Err, why)
	return &e
}

// fail is the error of a call that no server was tried for.
func (c *call) fail(err error) *CallError {
	return &CallError{Method: c.method, Phase: pool.PhaseFind, Outcome: pool.NotSent, Err: err}
}
