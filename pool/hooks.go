package pool

import (
	"cmp"
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
)

func init() {
	poolhooks.Open = open
	poolhooks.OpenTenant = openTenant
}

// open is New with hooks.
func open(cfg Config, hooks poolhooks.Hooks) (*Pool, poolhooks.Control, error) {
	p, err := newPool(cfg, hooks)
	return p, control{p}, err
}

// openTenant makes a pool beside of.
func openTenant(of *Pool, handlers Handlers, hooks poolhooks.Hooks) (*Pool, poolhooks.Control, error) {
	p, err := newTenant(of, handlers, hooks)
	return p, control{p}, err
}

// control is a poolhooks.Control.
type control struct{ pool *Pool }

func (c control) Retain(ctx context.Context, addr string) error {
	return c.tell(ctx, poolcore.Retain{Addr: addr})
}

func (c control) Keepalive(ctx context.Context, interval time.Duration) error {
	return c.tell(ctx, poolcore.Keepalive{Interval: interval})
}

func (c control) HeartbeatTTL(ctx context.Context, ttl time.Duration) error {
	return c.tell(ctx, poolcore.HeartbeatTTL{TTL: ttl})
}

func (c control) DialSpread(ctx context.Context, over time.Duration, servers int) error {
	return c.tell(ctx, poolcore.DialSpread{Spread: poolcore.Spread{Over: over, Servers: servers}})
}

func (c control) ServersAdded(ctx context.Context) error {
	return c.tell(ctx, poolcore.ServersAdded{})
}

func (c control) Corroborate(ctx context.Context, addr string) error {
	return c.tell(ctx, poolcore.Corroborated{Addr: addr})
}

func (c control) tell(ctx context.Context, m poolcore.Message) error {
	return c.pool.actor.Tell(ctx, &mail{Message: m})
}

func (c control) Adopt(ctx context.Context) error {
	return c.pool.actor.Tell(ctx, &mail{adopt: true})
}

func (c control) Connect(ctx context.Context, addr string) error {
	if c.Connected(addr) {
		return nil
	}
	return c.pool.await(ctx, poolcore.Connect{Addr: addr, Spare: true})
}

func (c control) Connected(addr string) bool {
	s := (*c.pool.table.Load())[addr]
	return s != nil && !s.Ended() && !s.Leaving()
}

func (c control) Lives(ctx context.Context, addr string) bool {
	s := (*c.pool.table.Load())[addr]
	return s != nil && s.Ping(ctx) == nil && !s.Leaving()
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
	err, asked := actor.Ask(ctx, c.pool.actor.Ref, func(r actor.Reply[error]) *mail {
		return &mail{Message: poolcore.Renew{Addr: addr, Proof: prove, Reply: r}}
	})
	return cmp.Or(asked, err)
}

func (c control) Usual(addr, method string) time.Duration { return c.pool.usual.takes(addr, method) }
