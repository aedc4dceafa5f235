package proxy

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// call is one call on its way over the servers: it carries out the actions of way.
type call struct {
	shared *calls
	method string
	class  Class
	stream bool  // it opens a stream
	tries  int32 // how often it was given to a server
	way    attempt.Call
	hold   time.Duration // WithHoldTime; 0: the pool's

	open     func(ctx context.Context, addr string) error // opens a stream; nil: it is a call
	answerer *messages.Server                             // set to the server that answered; may be nil

	targetKnown bool // homeRegion and elsewhere are known
	homeRegion  bool // the call names the agent's own region
	elsewhere   bool // the call is not for the leader of the agent's own cluster

	hedge *hedge // the call on other servers, while its slow attempt goes on; nil: it has none
	slow  slowAttempt

	waits  *time.Time // since when it waits for the next attempt; nil: nothing observes it
	snap   *snapshot  // from which the server of the next attempt was chosen
	last   *CallError // of the last attempt
	denial *CallError // of the last server that cannot serve the call
	maybe  bool       // an attempt may have been executed
}

// start runs the call from its beginning.
func (c *call) start(ctx context.Context, args, reply any) error {
	c.way.Repeatable, c.way.RetryTimeout = c.class.repeatable(), c.shared.cfg.RetryTimeout
	c.way.Patient, c.way.Paced = c.hold > 0, c.shared.pool != nil
	c.way.Deadline, _ = ctx.Deadline()
	return c.run(ctx, args, reply)
}

// run carries out the way's actions, from wherever the call is, until the call is answered
// or given up.
func (c *call) run(ctx context.Context, args, reply any) error {
	var begin time.Time // of the blocking query that asks for way.Block
	if c.way.Block > 0 {
		begin = time.Now()
	}
	for again, sent := args, false; ; {
		if sent && c.way.Block > 0 {
			// Never zero: a query without a time blocks for the server's default.
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
			if done, result := c.try(ctx, do, again, reply); done {
				return result
			}
			if c.waits != nil {
				*c.waits = time.Now()
			}
		case attempt.Pause:
			err = c.pause(ctx, do)
		case attempt.Await:
			err = c.await(ctx, do.For)
		case attempt.GiveUp:
			return c.ended(ctx, do.Reason)
		}
		if err == nil && do.Reason == attempt.ReasonFailed && c.last != nil && c.way.Verdict().Retry {
			err = ctx.Err() // the call could be sent again, and is not
		}
		if err != nil {
			return c.giveUp(err)
		}
	}
}

// next is the way's next action, decided on the newest snapshot.
func (c *call) next() attempt.Action {
	c.snap = c.shared.board.snap.Load()
	c.noteBroken()
	env := c.env(c.snap)
	c.avoidHalfhung(&env)
	return c.way.Next(&env)
}

// env is what a decision depends on besides the call.
func (c *call) env(snap *snapshot) attempt.Env {
	return attempt.Env{
		Now: time.Now(), View: snap.view, Draw: rand.Int64N, Tokens: &c.shared.tokens,
		Pace: c.shared.paces.expected(c.method, c.hasSoftDeadline()),
	}
}

func (c *call) hasSoftDeadline() bool { return !c.way.AnswerBy.IsZero() }

// try makes one attempt and reports to the owner what it shows about the server. done
// reports whether the call has ended, with result.
func (c *call) try(ctx context.Context, do attempt.Action, args, reply any) (done bool, result error) {
	s := c.beginAttempt()
	server, err := c.dial(ctx, do.Server)
	if do.Server = server; err != nil {
		c.endAttempt(ctx, s, server, err)
		c.failed(ctx, c.snap, do.Server, args, err)
		return false, nil
	}
	snap, hedged := c.snap, c.hedge != nil
	err = c.send(ctx, do, args, reply)
	c.endAttempt(ctx, s, server, err)
	if !hedged && c.hedge != nil {
		return true, c.finishHedged(ctx, snap, reply, err)
	}
	switch {
	case err == nil:
		if took, counts := c.way.Answered(time.Now()); counts {
			c.shared.paces.learn(c.method, c.hasSoftDeadline(), took)
		}
		c.answeredBy(snap, do.Server)
		c.noteAnswered(ctx, do.Server, c.way.Began())
		return true, nil
	case moved(err):
		c.last = nil
		c.way.Moved(time.Now())
		return false, nil
	}
	c.failed(ctx, snap, do.Server, args, err)
	return false, nil
}

// failed notes a failed attempt, and tells the owner if the server failed.
func (c *call) failed(ctx context.Context, snap *snapshot, server messages.Server, args any, err error) {
	c.lookUpTarget(args)
	v := c.attemptFailed(server, err)
	c.noteUnanswered(server, c.way.Began())
	if v.Rotate && ctx.Err() == nil {
		c.reportFailed(ctx, snap, server, c.last)
	}
}

// answeredBy notes an answer of server.
func (c *call) answeredBy(snap *snapshot, server messages.Server) {
	c.shared.tokens.refund()
	if c.answerer != nil {
		*c.answerer = server
	}
	c.shared.reportAnswer(snap, server)
}

// reportFailed tells the owner of a server that failed. When it returns the view is rotated.
// It fails only if ctx ends or the proxy stops, which the next step sees.
func (c *call) reportFailed(ctx context.Context, snap *snapshot, server messages.Server, err error) {
	_ = c.shared.reportFailure(ctx, messages.FailureNotice{
		Server: server, Epoch: snap.view.Epoch(), Err: err, NoQuorum: cannotServe(err),
	})
}

// send makes the attempt over the proxy's own pool, which ends it when the proxy stops, or
// over the embedder's.
func (c *call) send(ctx context.Context, do attempt.Action, args, reply any) error {
	if c.open == nil && c.shared.pool != nil {
		r := pool.Request{
			Method: c.method, Args: args, Reply: reply, Block: c.way.Block, Hold: c.hold, Limit: do.Limit,
			Repeatable: c.class.repeatable(), Verify: c.class == AtMostOnce,
		}
		if c.way.Block > 0 && c.class == Read {
			r.Moved = c.snap.front.left
		}
		if c.hedgeable(do) {
			c.slow = slowAttempt{ctx: ctx, server: do.Server, began: time.Now(), args: args, reply: reply}
			r.Late = c
		}
		return c.shared.pool.Do(ctx, do.Server.Addr, &r)
	}
	limited, cancel := ctx, func() {}
	if do.Limit > 0 {
		limited, cancel = context.WithTimeout(ctx, do.Limit)
	} else if c.open == nil {
		limited, cancel = context.WithCancel(ctx)
	}
	defer cancel()
	err := c.sendOver(limited, cancel, do.Server.Addr, args, reply)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return limitError(err)
	}
	return err
}

// sendOver opens the stream, or makes the attempt over the embedder's Caller.
func (c *call) sendOver(ctx context.Context, cancel context.CancelFunc, addr string, args, reply any) error {
	s := c.shared
	if c.open != nil {
		return c.open(ctx, addr)
	}
	defer context.AfterFunc(s.life, cancel)()
	err := s.caller.Call(ctx, addr, c.method, args, reply)
	if err != nil && s.life.Err() != nil {
		return ErrStopped
	}
	return err
}
