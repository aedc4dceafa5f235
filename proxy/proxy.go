package proxy

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
	"github.com/open-nomad/rpcproxy/proxy/internal/halfhung"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// Proxy knows the servers of a cluster and carries calls to the one in front.
// All methods may be used by any number of goroutines.
type Proxy struct {
	cfg     Config
	pinger  Pinger
	caller  Caller     // nil: the Pinger carries no calls
	pool    *pool.Pool // nil: the connections are the embedder's
	owner   *actor.Actor[messages.Message]
	mail    actor.Ref[messages.Message] // the owner's, known before it begins: what it dials may fail before Start returns
	now     atomic.Pointer[published]
	renewal atomic.Pointer[chan struct{}] // what Renewed gives
	warned  atomic.Int64                  // when ErrNoServers was last logged, in Unix nanoseconds; the last there is: not until a server is known
	budget  budget
	usual   usual
	contact atomic.Pointer[contact]
	pace    atomic.Int64                 // how long the last answer to a call with a budget took, in nanoseconds
	halves  atomic.Pointer[halfhung.Log] // which servers leave which methods unanswered
	record  recorder
	life    context.Context // ends with Stop
	end     context.CancelFunc
}

// published is what readers see. It is never changed, but for news and met.
type published struct {
	view    *messages.View
	active  messages.Server
	some    bool          // there is an active server
	front   *front        // the active server, or the last one there was
	why     string        // the active server is that
	fault   error         // why the owner ended, unless Stop ended it; no server is active then
	news    atomic.Bool   // the owner does not know yet whether the active server answers
	met     atomic.Bool   // a call has seen a session to the active server
	changed chan struct{} // closed when this is no longer the newest
	hopeful bool          // a server may be well
	hope    chan struct{} // closed when that is so again after it was not
}

// mailbox is how many messages may wait for the owner.
const mailbox = 256

// Start makes a Proxy and its goroutines. It does not wait for any server: the
// first call dials. Without a server and a Discoverer it logs a warning, once, and
// calls wait until the Proxy is told of a server. The error is a *ConfigError, from
// Config.Pool a *pool.ConfigError or *pool.TLSConfigError. Stop must be called to
// release the Proxy.
func Start(cfg Config) (*Proxy, error) {
	servers, bad, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	for _, err := range bad {
		cfg.Logger.Warn().Err(err).Msg("a configured server is left out")
	}
	p := &Proxy{cfg: cfg, pinger: cfg.Pinger}
	p.renewal.Store(new(make(chan struct{})))
	if p.pinger == nil {
		p.listen()
		p.cfg.Pool.TLS = inRegion(cfg.Pool.TLS, p.cfg.Region)
		if p.pool, err = pool.New(p.cfg.Pool); err != nil {
			return nil, err
		}
		p.pinger = p.pool
	}
	p.caller, _ = p.pinger.(Caller)
	if p.toldLater() {
		p.warned.Store(math.MaxInt64) // the owner warns of it
	}
	p.budget.fill()
	p.life, p.end = context.WithCancel(context.Background())
	seed := cfg.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	p.owner = actor.Spawn(mailbox, func(self actor.Self[messages.Message]) actor.Behavior[messages.Message] {
		p.mail = self.Ref()
		return newOwner(p, self, servers, p.remembered(), rand.New(rand.NewPCG(seed, seed)))
	})
	return p, nil
}

// Stop ends the Proxy: calls in flight fail, waiting senders get ErrStopped, messages
// that Send accepted are answered, and every goroutine is waited for until ctx ends
// (ctx.Err). The last View stays readable.
func (p *Proxy) Stop(ctx context.Context) error {
	p.end()
	err := p.owner.Stop(ctx)
	if p.pool != nil {
		err = errors.Join(err, p.pool.Stop(ctx))
	}
	return err
}

// FindServer is the server that carries the next call, or ErrNoServers; of a Proxy
// that ended for a fault of its own the error is that of Err. It loads published
// state: it neither blocks nor allocates.
//
// It is just small enough for the compiler to put it into its callers, which halves
// what it costs. The house rules see that it stays so.
func (p *Proxy) FindServer() (s messages.Server, err error) {
	s = p.now.Load().active
	if s.Addr == "" { // no server is active: no server has an empty address
		err = p.noServers()
	}
	return
}

// noServers is why there is no active server. It logs the lack of servers, at most
// once per warnInterval.
func (p *Proxy) noServers() error {
	if fault := p.now.Load().fault; fault != nil {
		return fault
	}
	now, last := time.Now().UnixNano(), p.warned.Load()
	if now-last >= int64(warnInterval) && p.warned.CompareAndSwap(last, now) {
		p.cfg.Logger.Warn().Msg("no servers known: give the configuration a server or a discovery that finds one, or tell of some with SetServers")
	}
	return ErrNoServers
}

// warnInterval is the least time between two warnings of the same kind.
const warnInterval = 30 * time.Second

// View is the newest picture of the server list. It neither blocks nor
// allocates.
func (p *Proxy) View() *messages.View { return p.now.Load().view }

// NumServers is the number of known servers.
func (p *Proxy) NumServers() int { return p.View().Len() }

// NumNodes is the cluster's size as the last heartbeat told it.
func (p *Proxy) NumNodes() int { return p.View().NumNodes() }

// LeaderAddr is the leader's RPC address as the last heartbeat told it; empty if
// it named none.
func (p *Proxy) LeaderAddr() string { return p.View().LeaderAddr() }

// ServerRPCAddrs is the known servers' addresses, best first. The slice is
// shared: do not change it.
func (p *Proxy) ServerRPCAddrs() []string { return p.View().Addrs() }

// Stats counts what the proxy's own pool did; it is zero over an embedder's.
func (p *Proxy) Stats() pool.Stats {
	if p.pool == nil {
		return pool.Stats{}
	}
	return p.pool.Stats()
}

// toldLater reports whether the Proxy was started to be told of its servers later:
// calls wait for one, although it looks for none.
func (p *Proxy) toldLater() bool { return len(p.cfg.Servers) == 0 && p.cfg.Discoverer == nil }

// publish makes a view what readers see and wakes those who wait for a change. fault
// is why the owner ends, nil if it does not.
func (p *Proxy) publish(e roster.Publish, fault error) {
	next := &published{view: e.View, why: e.ActiveReason, fault: fault, changed: make(chan struct{})}
	if next.active, next.some = e.View.Active(); next.some {
		p.warned.CompareAndSwap(math.MaxInt64, 0)
	}
	next.news.Store(unproven(e.View.Health(next.active)))
	last := p.now.Load()
	if last == nil {
		last = new(published)
	}
	next.front = last.front.next(next.active, next.some)
	next.hopeful, next.hope = attempt.Hopeful(e.View), last.hope
	found := next.hopeful && !last.hopeful
	if found || last.hope == nil {
		next.hope = make(chan struct{})
	}
	p.now.Store(next)
	if found && last.hope != nil {
		close(last.hope)
	}
	if last.changed != nil {
		close(last.changed)
	}
	if last.front != nil && last.front != next.front {
		close(last.front.left)
	}
}
