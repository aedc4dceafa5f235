package fleet

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

const (
	watchFor     = 300 * time.Second
	retryTimeout = 30 * time.Second
	beatTime     = 5 * time.Second // a heartbeat's, until its soft deadline: half of what servers wait beyond the TTL
	loopPause    = time.Second     // and up to as much again, after a call that was given up
)

// begin makes a call.
func (f *Fleet) begin(a *agent, i int) {
	c := &a.calls[i]
	if c.on {
		return
	}
	cfg := attempt.Config{Repeatable: true, RetryTimeout: retryTimeout, Paced: true}
	if i == watch {
		cfg.Block = watchFor
	} else {
		cfg.AnswerBy = f.base.Add(a.due + beatTime)
	}
	*c = call{on: true, gen: c.gen + 1, Call: attempt.Call{Config: cfg}}
	f.next(a, i)
}

// next does what a call's decisions say.
func (f *Fleet) next(a *agent, i int) {
	c := &a.calls[i]
	c.gen++
	c.dials, c.sent, c.pauses = false, false, false
	of := event{agent: a.id, call: uint8(i), gen: c.gen, kind: evPause}
	do := c.Next(f.env(a))
	switch do.Do {
	case attempt.Try:
		n := f.number[do.Server.Addr]
		c.server = n
		if do.Limit > 0 {
			of.kind, of.server = evSlice, n
			f.in(do.Limit, of)
		}
		if f.up(a, n) {
			f.send(a, i)
			return
		}
		c.dials = true
		if err := f.dial(a, n); err != nil {
			f.tell(a, messages.FailureNotice{Server: do.Server, Epoch: a.view.Epoch(), Err: err})
			failure := attempt.Failure{Kind: attempt.Lost, Outcome: attempt.NotSent}
			if refused, is := errors.AsType[*pool.BackoffError](err); is {
				failure.Until = refused.Until
			}
			f.fails(a, i, failure)
		}
	case attempt.Pause:
		c.pauses = true
		f.in(do.For, of)
	case attempt.Await: // no fault of these makes an agent forget all servers
		f.in(min(do.For, time.Second), of)
	case attempt.GiveUp: // the agent makes it again a while later
		of.kind = evLoop
		f.in(loopPause+a.upTo(loopPause), of)
	}
}

// env is what a's decisions depend on now.
func (f *Fleet) env(a *agent) *attempt.Env {
	return &attempt.Env{Now: f.clock(), View: a.view, Draw: a.rng.Int64N, Tokens: &a.tokens}
}

// resume goes on after a pause.
func (f *Fleet) resume(a *agent, e event) {
	c := a.current(e)
	switch {
	case c == nil:
	case e.kind == evLoop:
		c.on = false
		f.begin(a, int(e.call))
	default:
		f.next(a, int(e.call))
	}
}

// wake ends the pauses that need not be waited out.
func (f *Fleet) wake(a *agent) {
	for i := range a.calls {
		c := &a.calls[i]
		if !c.on || !c.pauses {
			continue
		}
		if rest, yes := c.Resumes(f.env(a)); yes {
			c.gen++
			f.in(rest, event{agent: a.id, call: uint8(i), gen: c.gen, kind: evPause})
		}
	}
}

// fails ends an attempt.
func (f *Fleet) fails(a *agent, i int, failure attempt.Failure) {
	a.calls[i].Failed(f.clock(), failure)
	f.next(a, i)
}

// sliced ends an attempt that was not answered in its time.
func (f *Fleet) sliced(a *agent, e event) {
	c := a.current(e)
	switch {
	case c == nil:
	case c.dials:
		f.fails(a, int(e.call), attempt.Failure{Kind: attempt.Cut, Outcome: attempt.NotSent})
	case c.sent:
		f.fails(a, int(e.call), attempt.Failure{Kind: attempt.Cut, Outcome: attempt.MaybeExecuted})
	}
}

// proven tells the roster that a server has answered that it did not know to be well.
func (f *Fleet) proven(a *agent, n int16) {
	srv := f.servers[n].Server
	if h := a.view.Health(srv); h == messages.Unknown || h == messages.Failed {
		f.tell(a, messages.Recovered{Server: srv, Epoch: a.view.Epoch()})
	}
}
