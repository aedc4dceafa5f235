package proxy

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// failed makes the one wrapper of an attempt's error, and tells the call's way what it
// means.
func (c *call) failed(server messages.Server, err error) attempt.Verdict {
	e := CallError{Method: c.method, Server: server.Addr, Phase: pool.PhaseFlushed, Err: err}
	if carried, ok := errors.AsType[*CallError](err); ok {
		e = *carried
	}
	v := c.way.Failed(time.Now(), describe(&e, c.elsewhere))
	e.Attempts = c.way.Attempts()
	if c.maybe = c.maybe || e.Outcome == pool.MaybeExecuted; c.maybe {
		e.Outcome = pool.MaybeExecuted // of the call: an earlier attempt counts too
	}
	if c.last = &e; v.Denied {
		c.denial = c.last
	}
	return v
}

// ended is the error of a call that its way gave up.
func (c *call) ended(why attempt.Why) error {
	switch why {
	case attempt.Refused:
		e := *c.denial
		e.Attempts, e.Outcome = c.last.Attempts, c.last.Outcome
		if e.Outcome == pool.NotSent {
			e.Outcome = c.denial.Outcome
		}
		return &e
	case attempt.NoTime:
		return c.giveUp(ErrRetriesSpent)
	case attempt.NoServers:
		return c.giveUp(ErrNoServers)
	default: // attempt.Failed
		return c.last
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
