package pool

import (
	"cmp"
	"context"
	"errors"
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
// for every new session. The sessions there are are replaced one by one, each when
// its successor is up, and end once nothing is on them: no call and no stream
// notices. Only if cfg withdraws trust, by an authority that is gone or another
// server's name, they end after Config.DrainTimeout, with what is still on them
// (ErrDrained). nil is plain TCP.
//
// It is tried on the servers there are sessions to and on the last one there was,
// until one takes it. A server that cannot be reached, or does not answer, says
// nothing about it: if no other does, it is tried on those that last refused what is
// in force, up to 8; and if no server can be asked at all it is taken as it is, as
// it is where there never was one. That bounds how long SetTLS blocks:
// Config.DialTimeout per server. An error leaves everything as it was. It is a
// *TLSConfigError, ErrStopped, or that of the first server that refused it, a
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

// try greets servers with creds until one answers. The error is that of the first
// that refused them; nil too if there was none to ask.
func (p *Pool) try(ctx context.Context, creds *credentials) error {
	known := slices.Sorted(maps.Keys(*p.table.Load()))
	if last := p.reached.Load(); last != nil && !slices.Contains(known, *last) {
		known = append(known, *last)
	}
	taken, unheard, refused := p.greetAny(ctx, known, creds)
	if !taken && refused == nil {
		var others error
		if taken, others, refused = p.greetAny(ctx, *p.refusing.Load(), creds); unheard == nil {
			unheard = others
		}
	}
	switch {
	case taken:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case refused != nil:
		return fmt.Errorf("pool: TLS stays as it was: %w", refused)
	case unheard != nil:
		p.cfg.Logger.Warn().Err(unheard).Msg("no server could be asked about new TLS credentials: they are taken untried")
	}
	return nil
}

// greetAny says whether one of servers takes creds; if none does, what the first
// said that could not be asked, and the first that refused them.
func (p *Pool) greetAny(ctx context.Context, servers []string, creds *credentials) (taken bool, unheard, refused error) {
	for _, addr := range servers {
		s, err := p.dialWith(ctx, addr, 0, creds)
		switch {
		case err == nil:
			s.abort(ErrRenewed)
			return true, nil, nil
		case !refuses(err):
			unheard = cmp.Or(unheard, err)
		default:
			refused = cmp.Or(refused, err)
		}
	}
	return false, unheard, refused
}

// refuses says whether a dial failed for the sake of the credentials.
func refuses(err error) bool {
	_, is := errors.AsType[*TLSError](err)
	return is
}

// maxRefusing is how many servers that refuse the credentials are remembered.
const maxRefusing = 8

// heard notes how a dial ended: which server was reached last, and which ones,
// the last first, refused the credentials in force when they were dialed last.
func (o *owner) heard(addr string, err error) {
	p := o.pool
	if err == nil {
		p.reached.Store(&addr)
	}
	next := slices.DeleteFunc(slices.Clone(*p.refusing.Load()), func(a string) bool { return a == addr })
	if refuses(err) {
		next = slices.Insert(next, 0, addr)
		next = next[:min(len(next), maxRefusing)]
	}
	p.refusing.Store(&next)
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
