package pool

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

func init() {
	poolhooks.Open = open
	poolhooks.NewDialPolicy = newDialPolicy
}

// open is New with hooks.
func open(cfg Config, hooks poolhooks.Hooks) (*Pool, poolhooks.Control, error) {
	p, err := newPool(cfg, hooks)
	return p, control{p}, err
}

// control is a poolhooks.Control.
type control struct{ pool *Pool }

func (c control) Retain(ctx context.Context, addr string) error {
	return c.tell(ctx, core.Retain{Addr: addr})
}

func (c control) Keepalive(ctx context.Context, interval time.Duration) error {
	return c.tell(ctx, core.Keepalive{Interval: interval})
}

func (c control) HeartbeatTTL(ctx context.Context, ttl time.Duration) error {
	return c.tell(ctx, core.HeartbeatTTL{TTL: ttl})
}

func (c control) DialSpread(ctx context.Context, over time.Duration) error {
	return c.tell(ctx, core.DialSpread{Over: over})
}

func (c control) ServersAdded(ctx context.Context) error {
	return c.tell(ctx, core.ServersAdded{})
}

func (c control) Corroborate(ctx context.Context, addr string) error {
	return c.tell(ctx, core.Corroborated{Addr: addr})
}

func (c control) tell(ctx context.Context, m core.Message) error {
	return c.pool.actor.Tell(ctx, mail{Message: m})
}

func (c control) Connect(ctx context.Context, addr string) error {
	if c.Connected(addr) {
		return nil
	}
	return c.pool.await(ctx, core.Connect{Addr: addr, Spare: true})
}

func (c control) Connected(addr string) bool {
	s := (*c.pool.table.Load())[addr]
	return s != nil && !s.over() && !s.leaving()
}

func (c control) Reached(addr string) bool { return c.pool.reaching.has(addr) }

func (c control) Moved(ctx context.Context, addr string) (bool, error) {
	s := (*c.pool.table.Load())[addr]
	if s == nil {
		return false, nil
	}
	return c.pool.resolver.Moved(ctx, addr, s.route)
}

func (c control) Renew(ctx context.Context, addr string, prove poolhooks.Proof) error {
	err, asked := actor.Ask(ctx, c.pool.actor.Ref, func(r actor.Reply[error]) mail {
		return mail{Message: core.Renew{Addr: addr, Proof: prove, Reply: r}}
	})
	if asked != nil {
		return asked
	}
	return err
}

func (c control) Usual(addr, method string) time.Duration { return c.pool.usual.takes(addr, method) }

// proven is a session as prove judges it: nil and why, if it is no good. A nil prove
// judges none.
func (p *Pool) proven(ctx context.Context, s *session, prove poolhooks.Proof) (*session, error) {
	if prove == nil {
		return s, nil
	}
	err := prove(ctx, func(ctx context.Context, method string, args, reply any) error {
		if !s.enter() {
			return s.cause()
		}
		at, err := s.call(ctx, &Request{Method: method, Args: args, Reply: reply}, p.counts.calls.Add(1), 0)
		if err == nil {
			return nil
		}
		p.counts.failures.Add(1)
		return &CallError{Method: method, Server: s.addr, Phase: at, Outcome: outcomeAt(at), Err: err}
	})
	if err == nil && s.over() {
		err = s.cause()
	}
	if err != nil {
		s.abort(err)
		s.unstock()
		return nil, err
	}
	return s, nil
}

// reaching counts the dials under way that have a connection, by address. The map is
// copied to be changed.
type reaching struct {
	by atomic.Pointer[map[string]int]
}

func (r *reaching) has(addr string) bool {
	by := r.by.Load()
	return by != nil && (*by)[addr] > 0
}

// add counts n more.
func (r *reaching) add(addr string, n int) {
	for {
		old := r.by.Load()
		next := make(map[string]int)
		if old != nil {
			maps.Copy(next, *old)
		}
		if next[addr] += n; next[addr] <= 0 {
			delete(next, addr)
		}
		if r.by.CompareAndSwap(old, &next) {
			return
		}
	}
}
