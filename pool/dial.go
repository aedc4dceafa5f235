package pool

import (
	"context"
	"fmt"
	"time"

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
	limited, stop := p.limit(ctx)
	defer stop()
	looking, found := connecting(limited)
	routes, err := p.resolve(looking, addr)
	found()
	if err != nil {
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: err}
	}
	s, err := p.reach(limited, addr, routes.each, id, creds)
	return s, routes.explain(err)
}

// errNoAnswer is why a dial ended that took too long.
func errNoAnswer(limit time.Duration) error { return &lateError{limit} }

// lateError is context.DeadlineExceeded with the limit in its text.
type lateError struct{ limit time.Duration }

func (e *lateError) Error() string { return fmt.Sprintf("no answer within %v", e.limit) }

func (e *lateError) Unwrap() error { return context.DeadlineExceeded }

// setUp connects to the server addr at route, within a context that has a
// deadline, and makes sure that a server answers there: the kernel of a frozen
// host accepts connections too.
func (p *Pool) setUp(limited context.Context, addr, route string, id uint64, creds *credentials) (*connection, error) {
	connecting, connected := connecting(limited)
	defer connected()
	conn, err := p.cfg.Dial(connecting, "tcp", route)
	if err != nil {
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: expired(connecting, err)}
	}
	tardinessOf(limited).mark(isConnected)
	p.reaching.add(addr, 1)
	defer p.reaching.add(addr, -1)
	conn = nbconn.Wrap(conn, newBacklogError)
	if creds != nil {
		secured, err := creds.secure(limited, &metered{Conn: conn, in: &p.counts.BytesIn, out: &p.counts.BytesOut}, addr)
		if err != nil {
			_ = conn.Close()
			return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: expired(limited, err)}
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
		return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: expired(limited, err)}
	}
	if secured, ok := conn.(*tlsConn); ok {
		secured.known.Store(true)
	}
	return s, nil
}

// expired prefers the time limit's own words over the symptom it caused. A socket
// knows the deadline too, and can be first.
func expired(ctx context.Context, err error) error {
	if at, limited := ctx.Deadline(); limited && !time.Now().Before(at) {
		<-ctx.Done() // about to be
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
