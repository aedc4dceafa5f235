package proxy

import (
	"context"
	"errors"
	"net"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

// Tenant carries the calls of another agent, in a process that serves several: servers know an
// agent by its connection, so a Tenant has connections of its own, with Handlers for what
// servers ask of that agent. The list of servers, its health, discovery and rebalancing, the
// credentials, and the bounds on memory are those of the Proxy: what one Tenant finds out
// about a server all know. A dial or a connection of one Tenant that fails shows nothing about a
// server that answers another one: that Tenant's calls go to the next server, and the list stays.
// All methods may be used by any number of goroutines.
type Tenant struct {
	proxy *Proxy
	pool  *ownPool
	calls calls
	end   context.CancelFunc // of calls.life
}

// NewTenant makes a Tenant, which dials nothing until it is asked to. Its connections are made
// as Config.Pool says, with h in place of Config.Pool's Handlers. The text of an error that a
// server answers is kept whole in a *pool.RemoteError's Raw, whatever its length. Stop must
// be called to release it; Proxy.Stop stops it too. The errors are a *pool.ConfigError for h,
// ErrForeignPool over a Pinger, and ErrStopped.
func (p *Proxy) NewTenant(h pool.Handlers) (*Tenant, error) {
	if p == nil {
		return nil, ErrStopped
	}
	if p.pool == nil {
		return nil, ErrForeignPool
	}
	t := &Tenant{proxy: p}
	open := poolhooks.OpenTenant.(func(*pool.Pool, pool.Handlers, poolhooks.Hooks) (*pool.Pool, poolhooks.Control, error))
	own, control, err := open(p.pool.Pool, h, poolhooks.Hooks{
		Queue: p.queue, Suspect: p.events.suspect, Down: t.down, Arrived: p.events.arrived, Up: p.events.up(true), Over: p.events.over(true),
	})
	if err != nil {
		return nil, err
	}
	t.pool = &ownPool{own, control}
	t.calls = calls{
		cfg: &p.cfg, board: &p.board, owner: p.calls.owner, noServers: p.noServers, tenant: true,
		observers: p.calls.observers, tally: &p.tally,
		pool: t.pool, caller: t.pool, streamer: t.pool, learned: p.calls.learned,
	}
	t.calls.life, t.end = context.WithCancel(p.calls.life)
	if !p.tenants.add(t.pool) {
		return nil, errors.Join(ErrStopped, t.Stop(context.Background()))
	}
	p.tenants.tune(t.pool)
	return t, nil
}

// Call is Proxy.Call over the Tenant's own connections.
func (t *Tenant) Call(ctx context.Context, method string, args, reply any, opts ...CallOption) error {
	return t.calls.call(t.proxy.guarded(ctx), method, args, reply, opts)
}

// Stream is Proxy.Stream over the Tenant's own connections.
func (t *Tenant) Stream(ctx context.Context, method string) (net.Conn, error) {
	return t.calls.stream(t.proxy.guarded(ctx), method)
}

// Stats returns the counters of the Tenant's own connections.
func (t *Tenant) Stats() pool.Stats { return t.pool.Stats() }

// Stop ends the Tenant: calls in flight fail with ErrStopped, and it waits for every
// goroutine of its connections until ctx ends (ctx.Err).
func (t *Tenant) Stop(ctx context.Context) error {
	t.end()
	t.proxy.tenants.remove(t.pool)
	return t.pool.Stop(ctx)
}

// down reports a server that the Tenant cannot reach, or that is leaving.
func (t *Tenant) down(addr string, err error) {
	if ownTrouble(err) {
		t.proxy.events.doubt(addr, err)
	} else {
		t.proxy.events.down(addr, err)
	}
}
