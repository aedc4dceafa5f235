package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/halfhung"
)

// avoid has a call pass over the server in front, if that leaves calls of the method
// unanswered and another server may well answer. What comes of that decides whether the
// server in front is to blame, or the method takes long everywhere.
func (c *call) avoid(env *attempt.Env) {
	l := c.proxy.halves.Load()
	if l != nil && c.now.some && l.Avoids(env.Now, c.now.active.Addr, c.method) {
		c.way.Avoid = c.now.active.Addr
	}
}

// served takes note of an attempt that was answered. Without a server under suspicion
// it costs a load.
func (c *call) served(ctx context.Context, server messages.Server, began time.Time) {
	p := c.proxy
	for l := p.halves.Load(); l != nil; l = p.halves.Load() {
		now := time.Now()
		next, behind := l.Answered(now, server.Addr, c.method, c.took(began, now))
		if next != l && !p.halves.CompareAndSwap(l, next) {
			continue
		}
		for _, b := range behind {
			p.rankBehind(ctx, b, server)
		}
		return
	}
}

// unserved takes note of an attempt that was given up unanswered, by its slice, by its
// caller, or for the time that the pool lets a server take.
func (c *call) unserved(server messages.Server, began time.Time) {
	if c.last.Phase < pool.PhaseWrite || c.last.Phase > pool.PhaseFlushed || !givenUp(c.last) {
		return
	}
	p, now, usually := c.proxy, time.Now(), time.Duration(0)
	if p.pool != nil {
		usually = p.pool.Usual(server.Addr, c.method)
	}
	for {
		l := p.halves.Load()
		next := l.Unanswered(now, server.Addr, c.method, now.Add(-c.took(began, now)), usually+usually/2)
		if next == l || p.halves.CompareAndSwap(l, next) {
			return
		}
	}
}

// took is how long the attempt has taken, beyond what the server was asked to hold it.
func (c *call) took(began, now time.Time) time.Duration {
	return max(now.Sub(began)-c.way.Block-c.way.Block/16, 0)
}

// givenUp reports whether an attempt ended because this side waited no longer.
func givenUp(err error) bool {
	return errors.Is(err, pool.ErrAttemptTimeout) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.As(err, new(*pool.HoldError))
}

// rankBehind tells the owner of a server that leaves calls unanswered which another one
// answers. When it returns the view is rotated, so that the caller's next call does not
// go there; what ctx or a full mailbox loses, later calls find again.
func (p *Proxy) rankBehind(ctx context.Context, b halfhung.Behind, other messages.Server) {
	err := fmt.Errorf("%w: %d of %s in %v, while %s answers", pool.ErrNotServing, b.Calls, b.Method, b.Waited.Round(time.Millisecond), other)
	_ = p.failed(ctx, messages.FailureNotice{Server: messages.Server{Addr: b.Server}, Err: err, Partial: true})
}
