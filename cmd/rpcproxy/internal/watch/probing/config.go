package probing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Config says which servers are probed, and how. Servers, Interval and Timeout are needed.
type Config struct {
	Servers  []messages.Server
	Region   string
	Token    string          // the ACL token, which Status.Members needs where there are ACLs; empty: none
	TLS      *pool.TLSConfig // nil: plain TCP
	Interval time.Duration   // between two probes of a server, plus or minus a tenth
	Timeout  time.Duration   // of each answer

	// Reason is an error as text, without the server. Needed.
	Reason func(error) string
}

// Prober is a watch.Source.
type Prober struct {
	cfg   Config
	calls *pool.Pool
	proxy *proxy.Proxy
}

// Start makes a Prober; Run must be called, and releases it. The error is about the
// configuration.
func Start(cfg Config) (*Prober, error) {
	calls, err := pool.New(pool.Config{DialTimeout: cfg.Timeout, TLS: cfg.TLS})
	if err != nil {
		return nil, err
	}
	p := &Prober{cfg: cfg, calls: calls}
	addrs := make([]string, len(cfg.Servers))
	for i, s := range cfg.Servers {
		addrs[i] = s.Addr
	}
	p.proxy, err = proxy.Start(proxy.Config{
		Servers: addrs, Strict: true, Region: cfg.Region, Pinger: calls,
		// Rounds that choose the same order anew move nobody.
		Policy: proxy.Rendezvous, NodeID: "rpcproxy watch", ProbeTimeout: cfg.Timeout,
	})
	if err != nil {
		return nil, errors.Join(err, calls.Stop(context.Background()))
	}
	return p, nil
}

// Run probes until ctx ends, whose error it returns, and stops the Prober.
func (p *Prober) Run(ctx context.Context, emit func(watch.Event)) error {
	err := p.run(ctx, emit)
	after := context.WithoutCancel(ctx)
	return errors.Join(err, p.proxy.Stop(after), p.calls.Stop(after))
}

// unanswered is that a server did not answer in time. It is one that was silent.
type unanswered struct{ limit time.Duration }

func (e unanswered) Error() string        { return fmt.Sprintf("no answer within %v", e.limit) }
func (e unanswered) Is(target error) bool { return target == pool.ErrSilent }
