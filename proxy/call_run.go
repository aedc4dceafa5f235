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
	hold   time.Duration // how long it may take beyond its block time; 0: as the pool has it

	open     func(ctx context.Context, addr string) error // opens a stream instead; nil: it is a call
	answered *messages.Server                             // where to say who answered; nil: nobody asks

	looked    bool // whether elsewhere is known
	atHome    bool // the call names the agent's own region
	elsewhere bool // the call is not for the leader of the agent's own cluster

	beside *beside // the rest of the call, while its first attempt goes on beyond its limit; nil: it does not
	kept   kept    // the attempt that may do so

	now    *published // from which the server of the next attempt was chosen
	last   *CallError // of the last attempt
	denial *CallError // of the last server that said it cannot serve the call
	maybe  bool       // an attempt may have been executed
}

// Call sends method with args to the active server and reads the answer into
// reply, a non-nil pointer, or nil to ignore it. When a server fails it goes on
// with the next one, as far as the call's class allows, until ctx ends; without
// a deadline in ctx, until Config.RetryTimeout. What a server says it cannot serve
// (pool.ErrNoRegionPath, pool.ErrUnknownMethod) each of the others is asked once,
// where a token is not known (pool.ErrTokenNotFound) two others are,
// and a call whose arguments name another region, or one server by ServerID, is sent
// three times at most to servers there that are in trouble.
//
// A Read or Idempotent call that a server does not answer within its share of the time is
// sent to another one too, if one is known that may be well: within 2 s, or up to 5 s
// where there is much time or none was given, and after twice what such calls usually
// take. The first answer is taken; no server is left for that alone. So a server that
// hangs does not cost the call, and one that is slow is not asked in vain. A call that is
// AtMostOnce waits for its server, without a deadline in ctx until RetryTimeout too.
//
// While no server is left that may be well, pauses grow: to 2 s, or until an agent comes
// once while each server hears of 64 agents a second, a minute at most, as far as the call's
// time allows. A blocking query whose session broke pauses before the next server too, for
// up to a tenth of that and 6 s, where that is 250 ms or more: every agent has one. Pauses
// for want of a server end when one is found. When no time is left for another attempt
// the call waits for its end, so that who calls again at once does no harm.
//
// args is only read, never changed, and may be read once per attempt; a blocking
// query that is sent again asks for what is left of its time. One of class Read is
// also sent again, at once and at no cost, when another server comes in front, so
// that no server is asked that the agent has left. Every error is a
// *CallError; errors.Is reaches ctx.Err, ErrNoServers, ErrStopped, ErrNoCaller,
// ErrRetriesSpent, ErrBreaksServers and the sentinels of package pool, errors.AsType its types.
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
	c.way.Patient, c.way.Paced = c.hold > 0, c.proxy.pool != nil
	c.way.Deadline, _ = ctx.Deadline()
	return c.follow(ctx, args, reply)
}

// follow is carry from wherever the call is.
func (c *call) follow(ctx context.Context, args, reply any) error {
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
		do := c.next()
		var err error
		switch do.Do {
		case attempt.Try:
			sent = true
			over, err := c.try(ctx, do, again, reply)
			if over {
				return err
			}
		case attempt.Pause:
			err = c.pause(ctx, do)
		case attempt.Await:
			err = c.await(ctx, do.For)
		case attempt.End:
			return c.ended(ctx, do.Why)
		}
		if err == nil && do.Why == attempt.Failed {
			err = c.goesOn(ctx)
		}
		if err != nil {
			return c.giveUp(err)
		}
	}
}

// next is what the call does next, from the newest view.
func (c *call) next() attempt.Action {
	c.now = c.proxy.now.Load()
	c.hear()
	env := c.env(c.now)
	c.avoid(&env)
	return c.way.Next(&env)
}

// env is what a decision depends on besides the call.
func (c *call) env(now *published) attempt.Env {
	return attempt.Env{
		Now: time.Now(), View: now.view, Draw: rand.Int64N, Tokens: &c.proxy.budget, Pace: c.pace(),
	}
}

// try makes one attempt and tells the owner what it says about the server. The call may
// be over with it.
func (c *call) try(ctx context.Context, do attempt.Action, args, reply any) (over bool, err error) {
	server, err := c.reach(ctx, do.Server)
	if do.Server = server; err != nil {
		c.fault(ctx, c.now, do.Server, args, err)
		return false, nil
	}
	now, alone := c.now, c.beside == nil
	err = c.send(ctx, do, args, reply)
	if alone && c.beside != nil {
		return true, c.join(ctx, now, reply, err)
	}
	switch {
	case err == nil:
		if took, tells := c.way.Answered(time.Now()); tells {
			c.paced(took)
		}
		c.landed(now, do.Server)
		c.served(ctx, do.Server, c.way.Began())
		return true, nil
	case moved(err):
		c.last = nil
		c.way.Moved(time.Now())
		return false, nil
	}
	c.fault(ctx, now, do.Server, args, err)
	return false, nil
}

// fault takes note of a failed attempt, and tells the owner of a server that failed.
func (c *call) fault(ctx context.Context, now *published, server messages.Server, args any, err error) {
	c.look(args)
	v := c.failed(server, err)
	c.unserved(server, c.way.Began())
	if v.Rotate && ctx.Err() == nil {
		c.notify(ctx, now, server, c.last)
	}
}

// landed is what follows an answer.
func (c *call) landed(now *published, server messages.Server) {
	c.proxy.budget.gain()
	if c.answered != nil {
		*c.answered = server
	}
	c.proxy.answers(now, server)
}

// notify tells the owner of a server that failed. When it returns the view is rotated.
// It fails only if ctx ends or the proxy stops, which the next step sees.
func (c *call) notify(ctx context.Context, now *published, server messages.Server, err error) {
	_ = c.proxy.failed(ctx, messages.FailureNotice{
		Server: server, Epoch: now.view.Epoch(), Err: err, NoQuorum: unserving(err),
	})
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
func (c *call) send(ctx context.Context, do attempt.Action, args, reply any) error {
	p := c.proxy
	if c.open == nil && p.pool != nil {
		r := pool.Request{
			Method: c.method, Args: args, Reply: reply, Block: c.way.Block, Hold: c.hold, Limit: do.Limit,
			Repeatable: c.class.repeatable(), Verify: c.class == AtMostOnce,
		}
		if c.way.Block > 0 && c.class == Read {
			r.Moved = c.now.front.left
		}
		if c.keepable(do) {
			c.kept = kept{ctx: ctx, server: do.Server, began: time.Now(), args: args, reply: reply}
			r.Late = c
		}
		return p.pool.Do(ctx, do.Server.Addr, &r)
	}
	limited, cancel := ctx, func() {}
	if do.Limit > 0 {
		limited, cancel = context.WithTimeout(ctx, do.Limit)
	} else if c.open == nil {
		limited, cancel = context.WithCancel(ctx)
	}
	defer cancel()
	err := c.hand(limited, cancel, do.Server.Addr, args, reply)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return sliced(err)
	}
	return err
}

// hand is send to an embedder's pool, and of a stream's opening.
func (c *call) hand(ctx context.Context, cancel context.CancelFunc, addr string, args, reply any) error {
	p := c.proxy
	if c.open != nil {
		return c.open(ctx, addr)
	}
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
