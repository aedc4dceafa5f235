package pool

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// lookupLimit bounds a lookup that no dial waits for.
const lookupLimit = 5 * time.Second

// Moved reports whether the name in addr has left the server that the session to addr
// leads to: the resolver answers, and with other addresses. Of a name whose answers
// hold a part of its addresses each time, the last sixteen count. It is false for an
// address without a name, without a session, and with Config.Dial. It asks the resolver
// once and blocks for up to 5 s, or until ctx ends; the error is a *net.DNSError.
func (p *Pool) Moved(ctx context.Context, addr string) (bool, error) {
	host, _, named := aName(addr)
	s := (*p.table.Load())[addr]
	if p.resolver == nil || !named || s == nil {
		return false, nil
	}
	at, err := netip.ParseAddrPort(s.route)
	if err != nil {
		return false, nil // it was not resolved here
	}
	asking, stop := context.WithTimeoutCause(ctx, lookupLimit, errNoAnswer(lookupLimit))
	defer stop()
	now := time.Now()
	ips, err := p.lookUp(asking, host)
	if err != nil {
		return false, err
	}
	return !p.names.learn(addr, ips, now).leads(at.Addr()), nil
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
		return mail{Pool: messages.Renew{Addr: addr, Reply: r}, prove: prove}
	})
	if asked != nil {
		return asked
	}
	return err
}

// turnAway has a dial that looks for something better than the session in use begin
// with another address of the name.
func (o *owner) turnAway(d dial) {
	l := o.core.servers[d.addr]
	if l == nil || !l.up {
		return
	}
	s, known := o.live[l.session], o.core.sessions[l.session]
	if s != nil && known != nil && (d.better || known.unfit()) {
		o.pool.names.fail(d.addr, s.route, time.Now())
	}
}

// spent has the dial in place of a session that broke begin with another address of the
// name, also if a call tells of it before the session's keeper does.
func (o *owner) spent(session uint64) {
	if s := o.live[session]; s != nil && s.Ended() {
		o.pool.failRoute(s, s.Cause())
	}
}

// toProve keeps the proof of the session that Renew has just asked for, until it is
// dialed.
func (o *owner) toProve(prove Proof) {
	for id := range o.proofs {
		if _, asked := o.core.asked[id]; !asked {
			delete(o.proofs, id)
		}
	}
	if _, asked := o.core.asked[o.core.last]; asked {
		o.proofs[o.core.last] = prove
	}
}

// proven is a session as prove judges it: nil and why, if it is no good. A nil prove
// judges none.
func (p *Pool) proven(ctx context.Context, s *connection, prove Proof) (*connection, error) {
	if prove == nil {
		return s, nil
	}
	err := prove(ctx, func(ctx context.Context, r *Request) error {
		if !s.Enter() {
			return s.Cause()
		}
		next := p.request(r, p.counts.calls.Add(1))
		at, err := s.Call(ctx, &next)
		if err == nil {
			return nil
		}
		p.counts.failures.Add(1)
		return &CallError{Method: r.Method, Server: s.Addr, Phase: Phase(at), Outcome: outcomeAt(Phase(at)), Err: err}
	})
	if err == nil && s.Ended() {
		err = s.Cause()
	}
	if err != nil {
		s.Abort(err)
		return nil, err
	}
	return s, nil
}

// letGo says whether a session ended because this side had no more use for it.
func letGo(err error) bool {
	for _, fine := range [...]error{ErrIdle, ErrRenewed, ErrDrained, ErrTooManySessions, ErrStopped} {
		if errors.Is(err, fine) {
			return true
		}
	}
	return false
}
