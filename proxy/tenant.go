package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

// Tenant carries the calls of another agent, in a process that serves several: servers know an
// agent by its connection, so a Tenant has connections of its own, with Handlers for what
// servers ask of that agent. The list of servers, its health, discovery and rebalancing, the
// credentials, and the bounds on memory are those of the Proxy: what one Tenant finds out
// about a server all know. All methods may be used by any number of goroutines.
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
	own, control, err := open(p.pool.Pool, h, poolhooks.Hooks{Queue: p.queue, Suspect: p.events.suspect, Down: t.down})
	if err != nil {
		return nil, err
	}
	t.pool = &ownPool{own, control}
	t.calls = calls{
		cfg: &p.cfg, board: &p.board, owner: p.calls.owner, noServers: p.noServers, tenant: true,
		pool: t.pool, caller: t.pool, streamer: t.pool, learned: p.calls.learned,
	}
	t.calls.life, t.end = context.WithCancel(p.calls.life)
	if !p.tenants.add(t) {
		return nil, errors.Join(ErrStopped, t.Stop(context.Background()))
	}
	p.tenants.tune(t)
	return t, nil
}

// Call is Proxy.Call over the Tenant's own connections.
func (t *Tenant) Call(ctx context.Context, method string, args, reply any, opts ...CallOption) error {
	return t.calls.call(ctx, method, args, reply, opts)
}

// Stream is Proxy.Stream over the Tenant's own connections.
func (t *Tenant) Stream(ctx context.Context, method string) (net.Conn, error) {
	return t.calls.stream(ctx, method)
}

// Stats returns the counters of the Tenant's own connections.
func (t *Tenant) Stats() pool.Stats { return t.pool.Stats() }

// Stop ends the Tenant: calls in flight fail with ErrStopped, and it waits for every
// goroutine of its connections until ctx ends (ctx.Err).
func (t *Tenant) Stop(ctx context.Context) error {
	t.end()
	t.proxy.tenants.remove(t)
	return t.pool.Stop(ctx)
}

// down reports a server that the Tenant cannot reach, or that is leaving. A connection that
// broke while others to the same server live shows nothing about the server.
func (t *Tenant) down(addr string, err error) {
	_, dial := errors.AsType[*pool.DialError](err)
	var network *net.OpError
	broke := !dial && (errors.As(err, &network) || errors.Is(err, io.EOF))
	if broke && t.proxy.connectedBut(t, addr) {
		return
	}
	t.proxy.events.down(addr, err)
}

// connectedBut reports whether the Proxy, or another Tenant than t, has a connection to the server
// at addr. It does not block.
func (p *Proxy) connectedBut(t *Tenant, addr string) bool {
	if p.pool.Connected(addr) {
		return true
	}
	return slices.ContainsFunc(p.tenants.all(), func(other *Tenant) bool {
		return other != t && other.pool.Connected(addr)
	})
}

// tenants are those of a Proxy that are not stopped. The list is replaced, never changed.
type tenants struct {
	list     atomic.Pointer[[]*Tenant] // nil: the Proxy has been stopped, or has not begun
	settings atomic.Pointer[poolSettings]
}

func (s *tenants) all() []*Tenant {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// add reports false if the Proxy has been stopped.
func (s *tenants) add(t *Tenant) bool {
	for {
		old := s.list.Load()
		if old == nil {
			return false
		}
		next := append(slices.Clone(*old), t)
		if s.list.CompareAndSwap(old, &next) {
			return true
		}
	}
}

func (s *tenants) remove(t *Tenant) {
	for {
		old := s.list.Load()
		if old == nil {
			return
		}
		next := slices.DeleteFunc(slices.Clone(*old), func(other *Tenant) bool { return other == t })
		if s.list.CompareAndSwap(old, &next) {
			return
		}
	}
}

// stop stops all, and admits no further one.
func (s *tenants) stop(ctx context.Context) error {
	var errs []error
	if list := s.list.Swap(nil); list != nil {
		for _, t := range *list {
			t.end()
		}
		for _, t := range *list {
			errs = append(errs, t.pool.Stop(ctx))
		}
	}
	return errors.Join(errs...)
}

// tune gives a Tenant the settings and the credentials that the others have. It is called
// behind add: what the owner sets from then on it tells the Tenant itself.
func (s *tenants) tune(t *Tenant) {
	_ = t.pool.Adopt(context.Background()) // fails only when it is stopped, as all that follow
	var given *poolSettings
	for set := s.settings.Load(); set != given; set = s.settings.Load() {
		set.give(t.pool, poolSettings{})
		given = set
	}
}

// secured is called when other credentials are in force in the Proxy's own pool.
func (s *tenants) secured() {
	for _, t := range s.all() {
		_ = t.pool.Adopt(context.Background())
	}
}
