package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// dial connects to addr with the credentials in force.
func (p *Pool) dial(ctx context.Context, addr string, id uint64) (*connection, error) {
	return p.dialWith(ctx, addr, id, p.creds.Load())
}

// dialWith connects to addr, or to one of the addresses of its name. nil
// credentials are plain TCP.
func (p *Pool) dialWith(ctx context.Context, addr string, id uint64, creds *credentials.Credentials) (*connection, error) {
	limited, stop := p.limit(ctx, p.cfg.DialTimeout)
	defer stop()
	looking, found := dialing.Connecting(limited)
	routes, err := p.resolver.Resolve(looking, addr)
	found()
	if err != nil {
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: err}
	}
	s, err := p.reach(limited, addr, routes.Each, id, creds)
	return s, explain(err, routes.Err)
}

// reach sets up a session to the first of the addresses that answers. Those that fail come
// last in the dials that follow.
func (p *Pool) reach(ctx context.Context, addr string, routes []string, id uint64, creds *credentials.Credentials) (*connection, error) {
	own := make(chan struct{}, 1)
	attempt := func(ctx context.Context, i int) (*connection, error) {
		done, err := p.turn(ctx, own)
		if err != nil {
			return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: err}
		}
		defer done()
		s, err := p.setUp(ctx, addr, routes[i], id, creds)
		if err != nil && !errors.Is(err, dialing.ErrLost) {
			p.resolver.Failed(addr, routes[i])
		}
		return s, err
	}
	if len(routes) == 1 {
		return attempt(ctx, 0)
	}
	s, failed := dialing.Race(ctx, len(routes), attempt, (*connection).lose)
	if s != nil {
		return s, nil
	}
	return nil, raceFailed(addr, routes, failed)
}

// maxBeside is how many addresses may be tried at once, by all dials together, beside the
// one that each dial may try anyway. It bounds the descriptors that names with many addresses take.
const maxBeside = 64

// turn waits until a dial may try one more address. own has room for the one that it may
// try anyway. The error is why ctx has ended.
func (p *Pool) turn(ctx context.Context, own chan struct{}) (done func(), err error) {
	select {
	case own <- struct{}{}:
		return func() { <-own }, nil
	default:
	}
	select {
	case own <- struct{}{}:
		return func() { <-own }, nil
	case p.beside <- struct{}{}:
		return func() { <-p.beside }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("not tried, because %d addresses were being tried: %w", maxBeside, context.Cause(ctx))
	}
}

// lose ends a session that came up when another had won.
func (s *connection) lose() { s.Abort(dialing.ErrLost) }

// setUp connects to the server addr at route, within a context that has a deadline, and
// waits for its first answer: the kernel of a frozen host accepts connections too.
func (p *Pool) setUp(limited context.Context, addr, route string, id uint64, creds *credentials.Credentials) (*connection, error) {
	connecting, connected := dialing.Connecting(limited)
	defer connected()
	conn, err := p.cfg.Dial(connecting, "tcp", route)
	if err != nil {
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: full(dialing.Reason(connecting, err))}
	}
	if err := dialing.RefuseOwn(conn, addr, p.cfg.OwnAddrs); err != nil {
		_ = conn.Close()
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: err}
	}
	dialing.Connected(limited)
	p.reaching.add(addr, 1)
	defer p.reaching.add(addr, -1)
	conn = nbconn.Wrap(conn, newBacklogError)
	if creds != nil {
		secured, err := creds.Secure(limited, credentials.NewMetered(conn, &p.counts.BytesIn, &p.counts.BytesOut), addr)
		if err != nil {
			_ = conn.Close()
			return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: strange(route, nil, dialing.Reason(limited, err))}
		}
		conn = secured
	}
	s := p.newConnection(context.Background(), conn, addr, route, id)
	untouched := s.conn.Signs.Read.Load()
	if err := s.Greet(limited, p.muxing); err != nil {
		unheard := s.conn.Signs.Read.Load() == untouched
		if credentials.HungUp(err) && unheard {
			err = credentials.HungUpError(addr, creds, conn, err)
		}
		s.Abort(err)
		if err = dialing.Reason(limited, err); unheard {
			err = strange(route, s.conn.First(), err)
		}
		return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: err}
	}
	if s.conn.ToRelay() {
		err := dialing.RefuseSidecar(conn, addr)
		s.Abort(err)
		return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: err}
	}
	s.trust.under = creds.Trusts()
	if secured, ok := conn.(*credentials.Conn); ok {
		secured.Answered()
		s.peer = secured.Peer()
	}
	return s, nil
}

// proven returns s if prove, which may be nil, accepts it. Else s ends.
func (p *Pool) proven(ctx context.Context, s *connection, prove poolhooks.Proof) (*connection, error) {
	if prove == nil {
		return s, nil
	}
	err := prove(ctx, func(ctx context.Context, method string, args, reply any) error {
		if !s.Enter() {
			return s.Cause()
		}
		at, err := s.Call(ctx, &session.Request{Seq: p.counts.calls.Add(1), Method: method, Args: args, Reply: reply})
		if err == nil {
			return nil
		}
		p.counts.failures.Add(1)
		return &CallError{Method: method, Server: s.Addr, Phase: Phase(at), Outcome: outcomeAt(Phase(at)), Err: err}
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

// AddrRefusedError is why an address is not dialed although it is well formed: nothing, or only
// this very machine, is at it, or the name of a server leads to where a cloud serves the
// metadata of its machines.
//
//	type AddrRefusedError struct {
//		Host   string     // the name that led to it; empty: it was given as an address
//		IP     netip.Addr // the address; of several the first
//		Reason string
//	}
type AddrRefusedError = dialing.RefusedError
