package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/halfhung"
)

// avoidHalfhung has the call pass over the active server if that leaves calls of the method
// unanswered and another server may answer them. The result decides whether the active
// server is to blame, or the method takes long everywhere.
func (c *call) avoidHalfhung(env *attempt.Env) {
	l := c.shared.halfhung.Load()
	if l != nil && c.snap.hasActive && l.Avoids(env.Now, c.snap.active.Addr, c.method) {
		c.way.Avoid = c.snap.active.Addr
	}
}

// noteAnswered notes an attempt that was answered. While no server is suspected it costs
// one load.
func (c *call) noteAnswered(ctx context.Context, server messages.Server, began time.Time) {
	s := c.shared
	for l := s.halfhung.Load(); l != nil; l = s.halfhung.Load() {
		now := time.Now()
		next, behind := l.Answered(now, server.Addr, c.method, c.took(began, now))
		if next != l && !s.halfhung.CompareAndSwap(l, next) {
			continue
		}
		for _, b := range behind {
			s.rankBehind(ctx, b, server)
		}
		return
	}
}

// noteUnanswered notes an attempt that was given up unanswered: by its limit, by its caller,
// or after the time that the pool lets a server take.
func (c *call) noteUnanswered(server messages.Server, began time.Time) {
	if c.last.Phase < pool.PhaseWrite || c.last.Phase > pool.PhaseFlushed || !givenUp(c.last) {
		return
	}
	s, now, usual := c.shared, time.Now(), time.Duration(0)
	if s.pool != nil {
		usual = s.pool.Usual(server.Addr, c.method)
	}
	for {
		l := s.halfhung.Load()
		next := l.Unanswered(now, server.Addr, c.method, now.Add(-c.took(began, now)), usual+usual/2)
		if next == l || s.halfhung.CompareAndSwap(l, next) {
			return
		}
	}
}

// took is how long the attempt has taken, beyond the time for which the server was asked to
// hold it.
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
func (s *calls) rankBehind(ctx context.Context, b halfhung.Behind, other messages.Server) {
	err := fmt.Errorf("%w: %d of %s in %v, while %s answers", pool.ErrNotServing, b.Calls, printable.Name(b.Method), b.Waited.Round(time.Millisecond), other)
	_ = s.reportFailure(ctx, messages.FailureNotice{Server: messages.Server{Addr: b.Server}, Err: err, Partial: true})
}
