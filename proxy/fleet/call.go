package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// begin makes a call.
func (f *Fleet) begin(a *agent, i int) {
	if a.call(i).on {
		return
	}
	cfg := attempt.Config{Repeatable: true, RetryTimeout: attempt.RetryTimeout, Paced: true}
	if i == watch {
		cfg.Block = watchFor
	} else {
		cfg.AnswerBy = f.base.Add(a.due + beatTime)
	}
	*f.newCall(a, i) = call{on: true, Call: attempt.Call{Config: cfg}}
	f.noteCall()
	f.next(a, i)
}

// next does what a call's decisions say.
func (f *Fleet) next(a *agent, i int) {
	c := a.call(i)
	c.wait = wait{gen: a.number()}
	c.pauses, c.race = false, nil
	of := event{agent: a.id, call: uint8(i), gen: c.gen, kind: evPause}
	if a.hung != nil {
		if s, is := a.view.Active(); is && a.hung.Avoids(f.clock(), s.Addr, methods[i]) {
			c.Avoid = s.Addr
		}
	}
	do := c.Next(f.env(a, i))
	switch do.Do {
	case attempt.Try:
		c.epoch, c.moves = a.view.Epoch(), a.moves
		f.try(a, i, do)
	case attempt.Pause:
		c.pauses = true
		f.in(f.cfg.spoil.pause(do.For), of)
	case attempt.Await: // no fault of these makes an agent forget all servers
		f.in(min(do.For, time.Second), of)
	case attempt.GiveUp: // the agent makes it again a while later
		of.kind = evLoop
		f.in(loopPause+a.upTo(loopPause), of)
	}
}

// env is what the decisions of a call depend on now.
func (f *Fleet) env(a *agent, i int) *attempt.Env {
	f.envs = attempt.Env{Now: f.clock(), View: a.view, Draw: f.draw, Tokens: a}
	if i == beat {
		f.envs.Pace = a.pace
	}
	return &f.envs
}

// try makes an attempt. Servers without a session that may be well are dialed side by side first.
func (f *Fleet) try(a *agent, i int, do attempt.Action) {
	c := a.call(i)
	n := f.numbered(a, do.Server.Addr)
	f.noteAttempt()
	c.server, c.limit = n, do.Limit
	if a.find(n) == nil {
		if h := a.view.Health(do.Server); h == messages.Unknown || h == messages.Alive {
			if order := c.Order(a.view); len(order) > 1 {
				f.race(a, i, order)
				return
			}
		}
	}
	f.carry(a, i)
}

// resume goes on after a pause.
func (f *Fleet) resume(a *agent, e event) {
	c := a.current(e)
	switch {
	case c == nil:
	case e.kind == evLoop:
		f.endCall(a, int(e.call))
		f.begin(a, int(e.call))
	default:
		f.next(a, int(e.call))
	}
}

// wake ends the pauses that need not be waited out.
func (f *Fleet) wake(a *agent) {
	for i := range calls {
		c := a.call(i)
		if !c.on || !c.pauses {
			continue
		}
		if rest, yes := c.Resumes(f.env(a, i)); yes {
			c.gen = a.number()
			f.in(rest, event{agent: a.id, call: uint8(i), gen: c.gen, kind: evPause})
		}
	}
}
