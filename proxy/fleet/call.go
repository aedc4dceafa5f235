package fleet

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
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
	if a.call(i).on {
		return
	}
	cfg := attempt.Config{Repeatable: true, RetryTimeout: retryTimeout, Paced: true}
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
	f.noteAttempt(a, n)
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

// carry has a call's server get it, on a session that there is or that is asked for.
func (f *Fleet) carry(a *agent, i int) {
	c := a.call(i)
	if c.limit > 0 {
		c.limit += f.now
	}
	if s := a.find(c.server); s != nil {
		f.send(a, i, s)
		return
	}
	c.state = dials
	if c.limit > 0 && c.limit < f.now+dialLimit {
		f.lookAt(a, &c.wait, c.limit)
	}
	f.connectTo(a, i, c.server, poolcore.Connect{})
}

// callConnected sends a call that waited for a session, or ends its attempt.
func (f *Fleet) callConnected(a *agent, i int, err error) {
	c := a.call(i)
	s := a.find(c.server)
	switch {
	case err != nil:
		f.fails(a, i, err, dialFailure(err))
	case s == nil: // it was short-lived
		f.fails(a, i, errBroke, dialFailure(errBroke))
	default:
		c.state = idle
		f.send(a, i, s)
	}
}

// dialFailure is that of an attempt for which there was no session.
func dialFailure(err error) attempt.Failure {
	return attempt.Failure{Kind: attempt.Lost, Outcome: attempt.NotSent, Until: backoffEnd(err)}
}

// backoffEnd is until when an address is not dialed; zero: it was.
func backoffEnd(err error) time.Time {
	if refused, is := errors.AsType[*poolcore.Refusal](err); is {
		return refused.Until
	}
	return time.Time{}
}

// fails ends an attempt: the list hears of the server before the call goes on.
func (f *Fleet) fails(a *agent, i int, err error, failure attempt.Failure) {
	c := a.call(i)
	f.leave(a, &c.wait)
	if v := c.Failed(f.clock(), failure); v.Rotate {
		f.tell(a, messages.FailureNotice{
			Server: f.servers[c.server].Server, Epoch: c.epoch, Err: err, NoQuorum: failure.Kind == attempt.Leaderless,
		})
	}
	f.todo = append(f.todo, todo{gen: c.gen, which: i, effect: goOn{}})
}

// moved makes the blocking query where it is to be by now.
func (f *Fleet) moved(a *agent, i int) {
	c := a.call(i)
	f.leave(a, &c.wait)
	c.Moved(f.clock())
	f.todo = append(f.todo, todo{gen: c.gen, which: i, effect: goOn{}})
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

// proven tells the list that a server has answered that it did not know to be well.
func (f *Fleet) proven(a *agent, n int16, epoch uint64) {
	if a.sure == n {
		return
	}
	srv := f.servers[n].Server
	switch a.view.Health(srv) {
	case messages.Unknown, messages.Failed:
		f.tell(a, messages.Recovered{Server: srv, Epoch: epoch})
	case messages.Alive:
		a.sure = n
	case messages.Leaderless: // an answer does not tell that it knows a leader
	}
}

// numbered is the number of the server at addr, which is most often the one in front.
func (f *Fleet) numbered(a *agent, addr string) int16 {
	if a.front >= 0 && f.servers[a.front].Addr == addr {
		return a.front
	}
	return f.number[addr]
}
