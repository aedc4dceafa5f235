package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// outcome is how a call, or an attempt of it, ended with err.
func outcome(err error) CallOutcome {
	if err == nil {
		return Answered
	}
	if e, ok := errors.AsType[*CallError](err); ok {
		switch e.Outcome {
		case pool.NotSent:
			return NotSent
		case pool.Rejected:
			return Rejected
		}
	}
	return MaybeExecuted
}

// info is the call as observers know it.
func (c *call) info() CallInfo {
	return CallInfo{Method: c.method, Class: c.class, Stream: c.stream, Tenant: c.shared.tenant}
}

// errLeft is how a call ended under which the goroutine did: code of the agent's has panicked,
// or has called runtime.Goexit.
var errLeft = errors.New("code of the agent's has ended the call")

// observed is carry with observers around it.
func (c *call) observed(ctx context.Context, args, reply any) (err error) {
	o, began := c.shared.observers, time.Now()
	var one [1]context.Context
	contexts, info := one[:0], c.info()
	for _, observer := range o.calls {
		p := contain.Call(func() {
			if next := observer.CallStart(ctx, info); next != nil {
				ctx = contain.Context(next, o.log)
			}
		})
		o.log.Panicked(inObserver, p)
		contexts = append(contexts, ctx)
	}
	var own struct {
		by    messages.Server
		waits time.Time
	}
	if c.answerer == nil {
		c.answerer = &own.by
	}
	returned := false
	defer func() {
		end := CallEnd{CallInfo: info, Duration: time.Since(began), Attempts: int(c.tries), Err: err}
		if !returned {
			left := c.notTried(errLeft)
			left.Outcome = pool.MaybeExecuted
			end.Err = left
		}
		end.Outcome = outcome(end.Err)
		if e, ok := errors.AsType[*CallError](end.Err); ok {
			end.Server = messages.Server{Addr: e.Server}
		} else {
			end.Server = *c.answerer
		}
		for i, observer := range o.calls {
			o.log.Panicked(inObserver, contain.Call(func() { observer.CallEnd(contexts[i], end) }))
		}
	}()
	own.waits, c.waits = began, &own.waits
	err = c.carry(ctx, args, reply)
	returned = true
	return err
}

// span is an attempt under way, for observers.
type span struct {
	began  time.Time // zero: nothing observes it
	pause  time.Duration
	number int
}

// beginAttempt counts an attempt.
func (c *call) beginAttempt() span {
	c.tries++
	if c.waits == nil {
		return span{}
	}
	now := time.Now()
	return span{began: now, pause: now.Sub(*c.waits), number: int(c.tries)}
}

// endAttempt tells observers of an attempt. While the call is hedged it may be another goroutine
// than the one that the call belongs to: it reads nothing that changes.
func (c *call) endAttempt(ctx context.Context, s span, server messages.Server, err error) {
	o := c.shared.observers
	if o == nil || len(o.attempts) == 0 {
		return
	}
	end := AttemptEnd{
		CallInfo: c.info(), Number: s.number, Server: server, Pause: s.pause,
		Duration: time.Since(s.began), Phase: pool.PhaseDecode, Outcome: outcome(err), Err: err,
	}
	if err != nil {
		end.Phase = pool.PhaseFlushed // as far as a Caller says
		if e, ok := errors.AsType[*CallError](err); ok {
			end.Phase = e.Phase
		}
	}
	for _, observer := range o.attempts {
		o.log.Panicked(inObserver, contain.Call(func() { observer.AttemptEnd(ctx, end) }))
	}
}
