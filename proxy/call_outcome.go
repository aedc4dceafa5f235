package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// lookUpTarget finds out once which region and server the call is for, by what its
// arguments name.
func (c *call) lookUpTarget(args any) {
	if c.targetKnown || args == nil {
		return
	}
	c.targetKnown = true
	fields := pool.Fields(args)
	if r, ok := args.(interface{ RequestRegion() string }); ok && fields.Region == "" && !isNil(args) {
		fields.Region, _ = askMethod(r.RequestRegion)
	}
	c.homeRegion = fields.Region == c.shared.cfg.Region
	const leader = "leader" // as a ServerID
	c.elsewhere = fields.Region != "" && fields.Region != c.shared.cfg.Region || fields.ServerID != "" && fields.ServerID != leader
}

// callError makes the one *CallError of an attempt's error.
func (c *call) callError(server messages.Server, err error) *CallError {
	e := CallError{Method: c.method, Server: server.Addr, Phase: pool.PhaseFlushed, Err: err}
	if returned, ok := errors.AsType[*CallError](err); ok {
		e = *returned
		_, e.Err = contain.Tame(e.Err)
	}
	return &e
}

// attemptFailed notes an attempt's error in the call and in its way, and returns what it
// means.
func (c *call) attemptFailed(server messages.Server, err error) attempt.Verdict {
	e := c.callError(server, err)
	v := c.way.Failed(time.Now(), describe(e, c.elsewhere, c.homeRegion))
	if c.last != nil && e.Outcome == pool.NotSent && errors.Is(e, pool.ErrAttemptTimeout) {
		dup := *c.last // it tells more than that there was no time for this attempt
		e = &dup
	}
	e.Attempts = c.way.Attempts()
	if c.maybe = c.maybe || e.Outcome == pool.MaybeExecuted; c.maybe {
		e.Outcome = pool.MaybeExecuted // of the call: an earlier attempt counts too
	}
	if c.last = e; v.Denied {
		c.denial = e
	}
	return v
}

// ended is the error of a call that its way gave up.
func (c *call) ended(ctx context.Context, why attempt.Reason) error {
	if why == attempt.ReasonRefused {
		e := *c.denial
		e.Attempts, e.Outcome = c.last.Attempts, c.last.Outcome
		if e.Outcome == pool.NotSent {
			e.Outcome = c.denial.Outcome
		}
		return &e
	}
	err := reasonError(why)
	if err == nil {
		return c.last
	}
	if ended := ctx.Err(); ended != nil {
		err = fmt.Errorf("%w: %w", err, ended)
	}
	return c.giveUp(err)
}

// reasonError is the error for why a call was given up that could have been sent again;
// nil: its last failure is its result.
func reasonError(why attempt.Reason) error {
	switch why {
	case attempt.ReasonNoTime:
		return ErrRetriesSpent
	case attempt.ReasonNoServers:
		return ErrNoServers
	case attempt.ReasonBreaks:
		return ErrBreaksServers
	default:
		return nil
	}
}

// giveUp is the error of a call that could have been sent again, and was not for reason.
func (c *call) giveUp(reason error) error {
	if c.last == nil {
		return c.notTried(reason)
	}
	if errors.Is(c.last.Err, reason) {
		return c.last
	}
	e := *c.last // the owner may still read the original
	e.Err = fmt.Errorf("%w: %w", e.Err, reason)
	return &e
}

// notStarted is the error of a call on the nil Proxy that a failed Start has returned.
func notStarted(method string) error {
	return (&call{method: method}).notTried(ErrStopped)
}

// notTried is the error of a call that was sent to no server.
func (c *call) notTried(err error) *CallError {
	return &CallError{Method: c.method, Phase: pool.PhaseFind, Outcome: pool.NotSent, Err: err}
}
