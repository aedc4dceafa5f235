package proxy

import (
	"cmp"
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/latency"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// Proxy knows the servers of a cluster and carries calls to the active one.
// All methods may be used by any number of goroutines.
type Proxy struct {
	snap    atomic.Pointer[snapshot] // the first field, which makes FindServer cheaper to inline
	board   board
	cfg     Config
	queue   *logqueue.Queue // of the log, its own pool's included
	pinger  Pinger
	pool    *ownPool // nil: the connections are the embedder's
	owner   *actor.Actor[messages.Message]
	events  poolEvents
	record  recorder
	calls   calls
	tenants tenants
	tally   tally
	observe *observers
	times   *latency.Table     // of the answers to probes over Config.Pinger; nil: the pool has its own
	cancel  context.CancelFunc // ends calls.life
}

// mailbox is how many messages may wait for the owner.
const mailbox = 64

// Start makes a Proxy and its goroutines. It does not wait for any server: the first
// call dials. Without Servers and a Discoverer it logs a warning, once, and calls wait
// until a server is added. The error is a *ConfigError, from Config.Pool a
// *pool.ConfigError or *pool.TLSConfigError; the Proxy is nil then, and calls on it fail with
// ErrStopped. Stop must be called to release the Proxy.
func Start(cfg Config) (*Proxy, error) {
	servers, bad, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	p := &Proxy{cfg: cfg, queue: logqueue.New()}
	p.cfg.log = p.queue.Logger(cfg.Logger)
	for _, err := range bad {
		p.cfg.log.Warn().Err(err).Msg("a configured server is left out")
	}
	p.observe = newObservers(cfg.Observers, p.cfg.log)
	p.board.snap = &p.snap
	p.events.observers = p.observe
	p.events.board, p.events.log = &p.board, p.cfg.log
	p.events.renewal.Store(new(make(chan struct{})))
	if cfg.Pinger != nil {
		p.pinger, p.times = guard(cfg.Pinger, p.cfg.log), new(latency.Table)
	} else {
		p.cfg.Pool.TLS = inRegion(cfg.Pool.TLS, p.cfg.Region)
		hooks := p.events.hooks(cfg.hooks, p.queue)
		hooks.Secured = p.tenants.secured
		p.tenants.list.Store(new([]*ownPool))
		if p.pool, err = newOwnPool(p.cfg.Pool, hooks); err != nil {
			return nil, err
		}
		p.pinger = p.pool
	}
	p.board.began = time.Now()
	if p.cfg.startsEmpty() {
		p.board.warned.Store(math.MaxInt64) // the owner's first warning tells it
	}
	p.calls.learned = new(learned)
	p.calls.tokens.fill()
	p.calls.cfg, p.calls.board, p.calls.pool, p.calls.noServers = &p.cfg, &p.board, p.pool, p.noServers
	p.calls.caller, p.calls.streamer = p.carriers()
	p.calls.observers, p.calls.tally = p.observe.ofCalls(), &p.tally
	p.calls.life, p.cancel = context.WithCancel(context.Background())
	seed := cmp.Or(cfg.Seed, rand.Uint64())
	rng := rand.New(rand.NewPCG(seed, seed))
	p.owner = actor.Spawn(mailbox, func(self actor.Self[messages.Message]) actor.Behavior[messages.Message] {
		p.events.mail, p.calls.owner = self.Ref(), self.Ref()
		o := newOwner(&owner{cfg: &p.cfg, pinger: p.pinger, pool: p.pool, board: &p.board, decisions: &p.record, tenants: &p.tenants, missed: &p.events.missed, notes: notes{tally: &p.tally, observers: p.observe, source: sourceOf(cfg.Discoverer, p.cfg.log), began: p.board.began, times: p.times}, self: self}, servers, rng)
		o.endWithPool(&p.events)
		return o
	})
	p.observe.started(p)
	return p, nil
}

// Stop ends the Proxy: calls in flight fail, blocked senders get ErrStopped, messages
// that Send accepted are answered, and it waits for every goroutine until ctx ends
// (ctx.Err). It also waits until what was logged is written, but not for a writer that
// blocks. The last View stays readable.
func (p *Proxy) Stop(ctx context.Context) error {
	p.cancel()
	ctx = p.guarded(ctx)
	err := cmp.Or(p.owner.Stop(ctx), p.tenants.stop(ctx)) // all of them fail with ctx.Err, which is told once
	if p.pool != nil {
		err = cmp.Or(p.pool.Stop(ctx), err)
	}
	p.observe.flush(ctx)
	p.queue.Flush(ctx)
	return err
}

// guarded is a context of the agent's whose methods may panic.
func (p *Proxy) guarded(ctx context.Context) context.Context { return contain.Context(ctx, p.cfg.log) }

// Done is closed when the Proxy takes no more messages and no more calls: Stop was
// called, or it ended for a fault of its own. Err is the reason. Goroutines may still be
// ending; Stop waits for them, and must be called in any case.
func (p *Proxy) Done() <-chan struct{} { return p.owner.Done() }

// Err is nil while the Proxy runs, then ErrStopped after Stop, or the fault that ended
// it, a *actor.PanicError. Every call and message fails with it then. A fault is
// logged at error level, once.
func (p *Proxy) Err() error { return p.owner.Err() }

// FindServer returns the active server, which carries the next call, or ErrNoServers; once
// the Proxy has ended for a fault of its own the error is that of Err. It loads a published
// snapshot: it neither blocks nor allocates.
//
// It is just small enough for the compiler to inline it into its callers, which halves
// its cost. The house rules check that.
func (p *Proxy) FindServer() (s messages.Server, err error) {
	s = p.snap.Load().active
	if s.Addr == "" { // no server is active: no server has an empty address
		err = p.noServers()
	}
	return
}

// noServers is the error while there is no active server. It logs the lack of servers, at
// most once per warnInterval.
func (p *Proxy) noServers() error {
	if fault := p.snap.Load().fault; fault != nil {
		return fault
	}
	now, until := int64(time.Since(p.board.began)), p.board.warned.Load()
	if now >= until && p.board.warned.CompareAndSwap(until, now+int64(warnInterval)) {
		p.cfg.log.Warn().Msg("no servers known: give the configuration a server or a discovery that finds one, or tell of some with SetServers")
	}
	return ErrNoServers
}

// warnInterval is the least time between two warnings of the same kind.
const warnInterval = 30 * time.Second

// View returns the newest view of the server list. It neither blocks nor allocates.
func (p *Proxy) View() *messages.View { return p.snap.Load().view }

// Watch yields the current View and then the newest one after each change, until
// ctx ends or the Proxy is stopped. Changes that come while the loop's body runs
// are seen as one. It blocks its caller only.
func (p *Proxy) Watch(ctx context.Context) iter.Seq[*messages.View] {
	return func(yield func(*messages.View) bool) {
		for ctx := p.guarded(ctx); ; {
			snap := p.snap.Load()
			if !yield(snap.view) {
				return
			}
			select {
			case <-snap.changed:
			case <-ctx.Done():
				return
			case <-p.owner.Done():
				return
			}
		}
	}
}

// NumServers is the number of known servers.
func (p *Proxy) NumServers() int { return p.View().Len() }

// NumNodes is the number of the cluster's nodes in the last heartbeat.
func (p *Proxy) NumNodes() int { return p.View().NumNodes() }

// Region is the region of the agent's cluster: Config.Region, or "global".
func (p *Proxy) Region() string { return p.cfg.Region }

// LeaderAddr is the leader's RPC address in the last heartbeat, as the server wrote it, up to
// 300 bytes; empty if it named none.
func (p *Proxy) LeaderAddr() string { return p.View().LeaderAddr() }

// ServerRPCAddrs is the known servers' addresses, best first. The slice is
// shared: do not change it.
func (p *Proxy) ServerRPCAddrs() []string { return p.View().Addrs() }

// Renewed returns a channel that is closed when the session to the active server is next
// replaced: by one with other credentials (SetTLS, OfferTLS, watched files), because its
// address leads to a better server, or by one that works in place of one that was silent or
// got no answers. Servers know an agent by its session, and learn of the new one by the next
// call on it; package heartbeat makes one. Each call returns the channel for the next time.
// Over a Pinger it is never closed. It neither blocks nor allocates.
func (p *Proxy) Renewed() <-chan struct{} { return *p.events.renewal.Load() }

// Stats returns the counters of the proxy's own pool. Over a Pinger only Panics, of the
// agent's own code (Pinger, Discoverer, Observers, Logger, errors), LostLines and LostEvents are counted.
func (p *Proxy) Stats() pool.Stats {
	if p.pool == nil {
		return pool.Stats{Panics: p.queue.Panics(), LostLines: p.queue.Dropped(), LostEvents: p.observe.lost()}
	}
	st := p.pool.Stats()
	st.LostEvents = p.observe.lost()
	return st
}

// Ping asks the server at addr whether it answers, and returns how long that took, a
// dial included. addr is any address as ParseServer reads it: the server need not be
// in the list, does not get into it, and no other is asked in its place. It goes over
// Config.Pinger, or the proxy's own pool, and blocks until the answer is there or ctx
// ends.
//
// The errors are a *messages.AddrError for a bad address, ErrStopped, and those of the
// Pinger; of the proxy's own pool those of pool.Pool.Call.
func (p *Proxy) Ping(ctx context.Context, addr string) (time.Duration, error) {
	server, err := messages.ParseServer(addr)
	if err != nil {
		return 0, err
	}
	if err := p.owner.Err(); err != nil {
		return 0, err
	}
	pinging, cancel := context.WithCancel(p.guarded(ctx))
	defer cancel()
	defer context.AfterFunc(p.calls.life, cancel)()
	rtt, err := p.pinger.Ping(pinging, server.Addr)
	switch {
	case err == nil:
		return rtt, nil
	case p.calls.life.Err() != nil:
		return 0, ErrStopped
	}
	return 0, err
}
