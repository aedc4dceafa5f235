package fleet

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

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
	if c.limit > 0 && c.limit < f.now+poolcore.DialTimeout {
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

// brokenFailure is that of an attempt whose session ended, or whose server answers no call.
func brokenFailure(cause error) attempt.Failure {
	kind := attempt.Lost
	if poolcore.LetGo(cause) {
		kind = attempt.Withdrawn
	}
	return attempt.Failure{
		Kind: kind, Outcome: attempt.MaybeExecuted,
		Broke: errors.Is(cause, errBroke), Silent: errors.Is(cause, poolcore.ErrSilent),
	}
}
