package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// wrapped makes the one wrapper of an attempt's error.
func (c *call) wrapped(server messages.Server, err error) *CallError {
	e := CallError{Method: c.method, Server: server.Addr, Phase: pool.PhaseFlushed, Err: err}
	if carried, ok := errors.AsType[*CallError](err); ok {
		e = *carried
	}
	return &e
}

// failed wraps an attempt's error, and tells the call's way what it means.
func (c *call) failed(server messages.Server, err error) attempt.Verdict {
	e := c.wrapped(server, err)
	v := c.way.Failed(time.Now(), describe(e, c.elsewhere, c.atHome))
	if c.last != nil && e.Outcome == pool.NotSent && errors.Is(e, pool.ErrAttemptTimeout) {
		dup := *c.last // tells more than that there was no time to find out
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
func (c *call) ended(ctx context.Context, why attempt.Why) error {
	switch why {
	case attempt.Refused:
		e := *c.denial
		e.Attempts, e.Outcome = c.last.Attempts, c.last.Outcome
		if e.Outcome == pool.NotSent {
			e.Outcome = c.denial.Outcome
		}
		return &e
	default:
		err := reason(why)
		if err == nil {
			return c.last
		}
		if over := ctx.Err(); over != nil {
			err = fmt.Errorf("%w: %w", err, over)
		}
		return c.giveUp(err)
	}
}

// reason is why a call was given up that could have been tried again; nil: its last
// failure is its result.
func reason(why attempt.Why) error {
	switch why {
	case attempt.NoTime:
		return ErrRetriesSpent
	case attempt.NoServers:
		return ErrNoServers
	case attempt.Breaks:
		return ErrBreaksServers
	default:
		return nil
	}
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
