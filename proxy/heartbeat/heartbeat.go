package heartbeat

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/proxy"
)

// ErrStopped means that the Heartbeat, or the Proxy under it, was stopped.
var ErrStopped = proxy.ErrStopped

// Heartbeat keeps one node registered. All methods may be used by any number of
// goroutines.
type Heartbeat struct {
	cfg      Config
	queue    *logqueue.Queue // of log
	log      *logqueue.Logger
	token    atomic.Pointer[string]
	commands chan command
	events   chan func() // callbacks, in the order of their events
	life     context.Context
	end      context.CancelFunc
	done     chan struct{} // the loop has ended, and err is set
	err      error
	group    sync.WaitGroup // all goroutines
}

// Start makes a Heartbeat and its goroutines. It does not wait for the node to be
// registered: OnRegistered is called then. The error is a *ConfigError. Stop must be called
// to release the Heartbeat.
func Start(cfg Config) (*Heartbeat, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	h := &Heartbeat{
		cfg: cfg, commands: make(chan command), events: make(chan func(), eventsMost), done: make(chan struct{}),
	}
	h.queue = logqueue.New()
	h.log = h.queue.Logger(cfg.Logger)
	h.life, h.end = context.WithCancel(context.Background())
	seed := cmp.Or(cfg.Seed, rand.Uint64())
	v := cfg.Proxy.View()
	auth := tokens{secret: cfg.SecretID, identity: cfg.Identity, intro: cfg.IntroToken}
	l := &loop{
		h: h, node: cfg.Node, status: cfg.Status, results: make(chan result, 1), views: make(chan observation), renewed: make(chan struct{}),
		core: newCore(time.Now(), rand.New(rand.NewPCG(seed, seed)), fleet{v.NumNodes(), v.Len()}, auth),
	}
	l.showToken()
	h.group.Go(l.run)
	h.group.Go(l.watchViews)
	h.group.Go(l.watchRenewals)
	h.group.Go(h.deliver)
	return h, nil
}

// AuthToken is the token that the node sends to servers: the identity they signed for it
// or, while there is none, its secret. It neither blocks nor allocates.
func (h *Heartbeat) AuthToken() string { return *h.token.Load() }

// Register registers the node now, unless a registration is under way, and waits for its
// end. The error is that of the call, a *proxy.CallError, after which the Heartbeat
// registers again by itself; ctx.Err; or Err once the Heartbeat has ended.
func (h *Heartbeat) Register(ctx context.Context) error {
	return h.command(ctx, command{kind: register, mayShare: true, change: func(l *loop) { l.core.requestRegister(time.Now()) }})
}

// SetNode replaces the node, registers it as Register does, and waits for its end. node
// must have the same ID and SecretID, otherwise the error is a *ConfigError, as for a value
// that Config.Node would refuse. The other errors are those of Register; when ctx ends the new node
// stays in effect.
func (h *Heartbeat) SetNode(ctx context.Context, node any) error {
	if err := validNode(node); err != nil {
		return err
	}
	for _, id := range []struct{ name, within, want string }{
		{"NodeID", "ID", h.cfg.NodeID}, {"SecretID", "SecretID", h.cfg.SecretID},
	} {
		if got := stringField(node, id.within); got != "" && got != id.want {
			return &ConfigError{Field: "Node", Reason: "has another " + id.within + " than the one registered: another node needs a Heartbeat of its own"}
		}
	}
	return h.command(ctx, command{kind: register, change: func(l *loop) {
		l.node = node
		l.core.requestRegister(time.Now())
	}})
}

// SetStatus changes the status in heartbeats, sends one, and waits for its end. An
// unknown status is a *ConfigError. The error of a heartbeat that fails is a
// *proxy.CallError, after which it is sent again by itself; the others are ctx.Err,
// and Err once the Heartbeat has ended.
func (h *Heartbeat) SetStatus(ctx context.Context, status string) error {
	if err := validStatus(status); err != nil {
		return err
	}
	return h.command(ctx, command{kind: beat, change: func(l *loop) {
		l.status = status
		l.core.requestBeat(time.Now())
	}})
}

// RenewIdentity sends a heartbeat that asks for a new identity, and waits for its
// end, with the errors of SetStatus. Servers ask for it with the reverse call
// NodeIdentity.Renew.
func (h *Heartbeat) RenewIdentity(ctx context.Context) error {
	return h.command(ctx, command{kind: beat, change: func(l *loop) {
		l.core.auth.renew = true
		l.core.requestBeat(time.Now())
	}})
}

// command sends a command to the loop and waits for the end of its call.
func (h *Heartbeat) command(ctx context.Context, c command) error {
	ctx, c.ended = contain.Context(ctx, h.log), make(chan error, 1)
	select {
	case h.commands <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-h.done:
		return h.err
	}
	select {
	case err := <-c.ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-h.done:
		return h.err
	}
}

// Done is closed when no heartbeat is sent any more: after Stop, or when the Proxy
// was stopped.
func (h *Heartbeat) Done() <-chan struct{} { return h.done }

// Err is nil until Done is closed, then ErrStopped.
func (h *Heartbeat) Err() error {
	select {
	case <-h.done:
		return h.err
	default:
		return nil
	}
}

// Stats are counters since the start.
type Stats struct {
	Panics    uint64 // of the agent's code, contained: of callbacks, of what carries the calls, and of Logger's writer and hooks
	LostLines uint64 // log lines that were dropped, because Logger's writer did not keep up
}

// Stats reads the counters. Those of the proxy count for themselves. It neither blocks nor
// allocates.
func (h *Heartbeat) Stats() Stats {
	return Stats{Panics: h.queue.Panics(), LostLines: h.queue.Dropped()}
}

// Stop ends the heartbeats: a call under way is given up, the node stays registered
// until its TTL ends, and queued callbacks are dropped. It waits for every goroutine,
// also for a callback that runs, until ctx ends (ctx.Err); so a callback must not call
// it. It also waits until what was logged is written, but not for a writer that blocks. Any
// number of calls is fine. To report the node as Down, call SetStatus before.
func (h *Heartbeat) Stop(ctx context.Context) error {
	h.end()
	ctx = contain.Context(ctx, h.log)
	defer h.queue.Flush(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.group.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-ended:
		return nil
	default:
		return ctx.Err()
	}
}
