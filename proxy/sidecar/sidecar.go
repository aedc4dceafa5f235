package sidecar

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/proxy"
)

// ErrStopped is what Err is after Stop.
var ErrStopped = actor.ErrStopped

// Sidecar serves agents. All methods may be used by any number of goroutines.
type Sidecar struct {
	cfg       Config
	proxy     *proxy.Proxy
	common    *proxy.Tenant // of connections that carry one streaming call
	acceptor  *accept.Acceptor
	listeners []net.Listener
	owner     *actor.Actor[message]
	queue     *logqueue.Queue
	log       *logqueue.Logger
	counts    counts
	notices   notices
}

// mailbox is how many messages may wait for the owner.
const mailbox = 64

// Start listens, starts a Proxy and serves agents until Stop. It waits for no server. The
// error is a *ConfigError, that of a listener, or that of proxy.Start; Config.Listeners are closed
// then. Stop must be called to release the Sidecar.
func Start(cfg Config) (*Sidecar, error) {
	s, err := start(cfg)
	if err != nil {
		for _, l := range cfg.Listeners {
			_ = l.Close() // it is given up
		}
		return nil, err
	}
	return s, nil
}

func start(cfg Config) (*Sidecar, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Sidecar{cfg: cfg, queue: logqueue.New(), counts: counts{began: time.Now()}}
	s.log = s.queue.Logger(cfg.Logger)
	s.acceptor = accept.New(accept.Config{TLS: cfg.ServerTLS, Logger: cfg.Logger})
	s.listeners = append(s.listeners, cfg.Listeners...)
	for _, addr := range cfg.Listen {
		l, err := listen(addr)
		if err != nil {
			s.closeListeners()
			return nil, &ConfigError{Field: "Listen", Reason: err.Error(), Err: err}
		}
		s.listeners = append(s.listeners, l)
	}
	var err error
	if s.proxy, err = proxy.Start(s.awayFromSelf(cfg.Proxy)); err != nil {
		s.closeListeners()
		return nil, err
	}
	if s.common, err = s.proxy.NewTenant(pool.Handlers{}); err != nil {
		s.closeListeners()
		return nil, errors.Join(err, s.proxy.Stop(context.Background()))
	}
	s.owner = actor.Spawn(mailbox, func(self actor.Self[message]) actor.Behavior[message] {
		o := newOwner(s, self)
		for _, l := range s.listeners {
			self.Go(func(ctx context.Context) { o.accept(ctx, l) })
		}
		self.Go(o.watchProxy)
		return o
	})
	for _, addr := range s.Addrs() {
		s.log.Info().Stringer("address", addr).Msg("sidecar serves agents")
	}
	return s, nil
}

// listen listens at an address of Config.Listen.
func listen(addr string) (net.Listener, error) {
	if path, unix := strings.CutPrefix(addr, "unix:"); unix {
		return net.Listen("unix", path)
	}
	return net.Listen("tcp", addr)
}

func (s *Sidecar) closeListeners() {
	for _, l := range s.listeners {
		_ = l.Close() // it is given up
	}
}

// Addrs are the addresses at which agents are served, those of Config.Listeners first.
func (s *Sidecar) Addrs() []net.Addr {
	addrs := make([]net.Addr, len(s.listeners))
	for i, l := range s.listeners {
		addrs[i] = l.Addr()
	}
	return addrs
}

// awayFromSelf is a configuration with which no name of a server leads back to the sidecar, nor
// to another one: each call would come in again as that of another agent.
func (s *Sidecar) awayFromSelf(cfg proxy.Config) proxy.Config {
	cfg.Pool.RefuseSidecars = true
	cfg.Pool.OwnAddrs = slices.Clone(cfg.Pool.OwnAddrs)
	for _, l := range s.listeners {
		if addr, tcp := l.Addr().(*net.TCPAddr); tcp {
			cfg.Pool.OwnAddrs = append(cfg.Pool.OwnAddrs, addr.AddrPort())
		}
	}
	return cfg
}

// Proxy is the Proxy that carries the calls of agents. It ends with the Sidecar, and must not be
// stopped by others.
func (s *Sidecar) Proxy() *proxy.Proxy { return s.proxy }

// Stop ends the Sidecar: it listens no more, tells agents to open no further stream, and waits
// until the calls and streams that run have ended, for Config.DrainTimeout at most; blocking
// queries are not waited for. Then connections are closed, and it waits for every goroutine. If
// ctx ends first, connections are closed at once, and the error is ctx.Err.
func (s *Sidecar) Stop(ctx context.Context) error {
	s.closeListeners()
	s.drain(ctx)
	err := cmp.Or(s.owner.Stop(ctx), s.proxy.Stop(ctx)) // both fail with ctx.Err, which is told once
	s.acceptor.Flush(ctx)
	s.queue.Flush(ctx)
	return err
}

// drain waits until agents have no calls under way.
func (s *Sidecar) drain(ctx context.Context) {
	draining, stop := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer stop()
	// It fails where the sidecar has ended, or may take no longer.
	_, _ = actor.Ask(draining, s.owner.Ref, func(r actor.Reply[bool]) message { return drain{r} })
}

// Done is closed when the Sidecar serves nobody any more: Stop has ended it, or a fault of its own, of
// its Proxy or of a listener. Err is the reason. Stop must be called in any case.
func (s *Sidecar) Done() <-chan struct{} { return s.owner.Done() }

// Err is nil while the Sidecar serves agents, then ErrStopped, or the fault that ended it.
func (s *Sidecar) Err() error { return s.owner.Err() }

// advertised is the address under which an agent finds the sidecar that has connected by conn;
// empty: there is none.
func (s *Sidecar) advertised(conn net.Conn) string {
	own := ""
	if addr, tcp := conn.LocalAddr().(*net.TCPAddr); tcp {
		own = addr.String()
	}
	for _, l := range s.listeners {
		if addr, tcp := l.Addr().(*net.TCPAddr); tcp && own == "" && !addr.IP.IsUnspecified() {
			own = addr.String()
		}
	}
	return cmp.Or(s.cfg.Advertise, own)
}

// noticePause is the least time between two log lines of one kind.
const noticePause = time.Minute
