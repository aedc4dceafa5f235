package pool

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// offer is credentials on their way into force.
type offer struct {
	next    *credentials
	insofar *credentials // of a watch: only if these are still in force
	watched bool
}

// SetTLS replaces the credentials: cfg is read, tried on a server, and then used
// for every new session. The sessions there are are replaced one by one, each
// when its successor is up, and end with their last call: no call notices. nil is
// plain TCP.
//
// It is tried on the servers there are sessions to, or else on the last one there
// was, until one takes it; without any it is taken as it is. That bounds how long
// SetTLS blocks: Config.DialTimeout per server. An error leaves everything as it
// was. It is a *TLSConfigError, ErrStopped, or that of the first server, a
// *DialError around a *TLSError.
func (p *Pool) SetTLS(cfg *TLSConfig) error {
	next, err := cfg.load(time.Now())
	if err != nil {
		return err
	}
	refused, err := actor.Ask(context.Background(), p.actor.Ref, func(r actor.Reply[error]) mail {
		return mail{Pool: messages.Secure{Reply: r}, offer: &offer{next: next}}
	})
	if err != nil {
		return err
	}
	return refused
}

// try looks whether a server takes what is offered, in a goroutine of its own.
func (o *owner) try(m messages.Secure, of *offer) {
	o.self.Go(func(ctx context.Context) {
		err := o.pool.try(ctx, of.next)
		_ = o.tell(ctx, mail{Pool: messages.Secured{Reply: m.Reply, Err: err}, offer: of})
	})
}

// try greets servers with creds until one answers. The error is the first.
func (p *Pool) try(ctx context.Context, creds *credentials) (first error) {
	servers := slices.Sorted(maps.Keys(*p.table.Load()))
	if last := p.reached.Load(); last != nil && !slices.Contains(servers, *last) {
		servers = append(servers, *last)
	}
	for _, addr := range servers {
		s, err := p.dialWith(ctx, addr, 0, creds)
		if err == nil {
			s.abort(ErrRenewed)
			return nil
		}
		if first == nil {
			first = fmt.Errorf("pool: TLS stays as it was: %w", err)
		}
	}
	return first
}

// enforce puts into force what a server took. It answers false for what a watch
// found while something else came into force.
func (o *owner) enforce(m messages.Secured, of *offer) bool {
	p := o.pool
	if of.watched && p.creds.Load() != of.insofar {
		return false
	}
	if m.Err == nil {
		p.creds.Store(of.next)
		o.watch()
		p.cfg.Logger.Info().Bool("watched", of.watched).Msg("TLS credentials replaced")
	}
	return true
}
