package pool

import (
	"context"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// Moved reports whether the name in addr has left the server that the session to addr
// leads to: the resolver answers, and with other addresses. Of a name whose answers
// hold a part of its addresses each time, the last sixteen count. It is false for an
// address without a name, without a session, and with Config.Dial. It asks the resolver
// once and blocks for up to 5 s, or until ctx ends; the error is a *net.DNSError.
func (p *Pool) Moved(ctx context.Context, addr string) (bool, error) {
	s := (*p.table.Load())[addr]
	if s == nil {
		return false, nil
	}
	return p.resolver.Moved(ctx, addr, s.route)
}

// Proof judges a session that is to replace another one, by calls on it. The calls are
// those of Pool.Do.
type Proof func(ctx context.Context, do func(context.Context, *Request) error) error

// Renew dials the server at addr anew, beside the session there is, and begins with
// another address of its name than that session's. The new session takes the place of
// the old one once it is up and prove, if it is not nil, has answered nil; what is on
// the old one runs to its end there, and Config.Renewed is told. Else everything stays
// as it was, and the server is not judged by it. prove is called in a goroutine of the
// pool's, with a context that ends with the pool.
//
// Renew blocks until that is decided or ctx ends, which ends nothing else. The errors
// are ctx.Err, ErrStopped, ErrNotRenewed, a *DialError, and those of prove.
func (p *Pool) Renew(ctx context.Context, addr string, prove Proof) error {
	err, asked := actor.Ask(ctx, p.actor.Ref, func(r actor.Reply[error]) mail {
		return mail{Message: core.Renew{Addr: addr, Proof: prove, Reply: r}}
	})
	if asked != nil {
		return asked
	}
	return err
}

// avoid has the next dial begin with another address of the name than a session has.
func (o *owner) avoid(session uint64) {
	if s := o.live[session]; s != nil {
		o.pool.resolver.Failed(s.addr, s.route)
	}
}

// spent has the dial in place of a session that broke begin with another address of the
// name, also if a call tells of it before the session's keeper does.
func (o *owner) spent(session uint64) {
	if s := o.live[session]; s != nil && s.over() {
		s.failRoute(s.cause())
	}
}

// failRoute takes note, once, that the address of a session which has ended failed.
func (s *session) failRoute(why error) {
	if !core.LetGo(why) && s.routeFailed.CompareAndSwap(false, true) {
		s.pool.resolver.Failed(s.addr, s.route)
	}
}

// proven is a session as prove judges it: nil and why, if it is no good. A nil prove
// judges none.
func (p *Pool) proven(ctx context.Context, s *session, prove Proof) (*session, error) {
	if prove == nil {
		return s, nil
	}
	err := prove(ctx, func(ctx context.Context, r *Request) error {
		if !s.enter() {
			return s.cause()
		}
		at, err := s.call(ctx, r, p.counts.calls.Add(1), r.expiry(p.origin))
		if err == nil {
			return nil
		}
		p.counts.failures.Add(1)
		return &CallError{Method: r.Method, Server: s.addr, Phase: at, Outcome: outcomeAt(at), Err: err}
	})
	if err == nil && s.over() {
		err = s.cause()
	}
	if err != nil {
		s.abort(err)
		s.unstock()
		return nil, err
	}
	return s, nil
}
