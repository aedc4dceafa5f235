package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
)

// DialError says in which phase a connection failed: PhaseDial or
// PhaseHandshake. Every call that waited for the dial gets the same one. In a back-off
// Err is a *BackoffError, and the phase that of the failure which led to it.
type DialError struct {
	Addr  string
	Phase Phase
	Err   error
}

// Error is phase, address and cause, each once.
func (e *DialError) Error() string { return fmt.Sprintf("%s %s: %s", e.Phase, e.Addr, e.Cause()) }

// Cause is the text of Err without the address and the phase, for who says these
// beside it.
func (e *DialError) Cause() string { return said{server: e.Addr, phase: e.Phase.String()}.text(e.Err) }

func (e *DialError) Unwrap() error { return e.Err }

// dial connects to addr with the credentials in force.
func (p *Pool) dial(ctx context.Context, addr string, id uint64) (*connection, error) {
	return p.dialWith(ctx, addr, id, p.creds.Load())
}

// dialWith connects to addr, or to one of the addresses of its name. nil
// credentials are plain TCP.
func (p *Pool) dialWith(ctx context.Context, addr string, id uint64, creds *credentials) (*connection, error) {
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

// reach sets up a session to one of the addresses of addr, whichever answers
// first. Those that fail come last in the dials that follow.
func (p *Pool) reach(ctx context.Context, addr string, routes []string, id uint64, creds *credentials) (*connection, error) {
	attempt := func(ctx context.Context, i int) (*connection, error) {
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
	return nil, beaten(addr, routes, failed)
}

// lose ends a session that came up when another had won.
func (s *connection) lose() { s.Abort(dialing.ErrLost) }

// setUp connects to the server addr at route, within a context that has a
// deadline, and makes sure that a server answers there: the kernel of a frozen
// host accepts connections too.
func (p *Pool) setUp(limited context.Context, addr, route string, id uint64, creds *credentials) (*connection, error) {
	connecting, connected := dialing.Connecting(limited)
	defer connected()
	conn, err := p.cfg.Dial(connecting, "tcp", route)
	if err != nil {
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: dialing.Reason(connecting, err)}
	}
	dialing.Connected(limited)
	p.reaching.add(addr, 1)
	defer p.reaching.add(addr, -1)
	conn = nbconn.Wrap(conn, newBacklogError)
	if creds != nil {
		secured, err := creds.secure(limited, &metered{Conn: conn, in: &p.counts.BytesIn, out: &p.counts.BytesOut}, addr)
		if err != nil {
			_ = conn.Close()
			return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: dialing.Reason(limited, err)}
		}
		conn = secured
	}
	s := p.newConnection(context.WithoutCancel(limited), conn, addr, route, id)
	untouched := s.conn.Signs.Read.Load()
	if err := s.Greet(limited, p.muxing); err != nil {
		if hungUp(err) && s.conn.Signs.Read.Load() == untouched {
			err = stranger(addr, creds, err)
		}
		s.Abort(err)
		return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: dialing.Reason(limited, err)}
	}
	if secured, ok := conn.(*tlsConn); ok {
		secured.known.Store(true)
	}
	return s, nil
}
