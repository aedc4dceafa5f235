package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
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
func (p *Pool) dial(ctx context.Context, addr string, id uint64) (*session, error) {
	return p.dialWith(ctx, addr, id, p.creds.Load())
}

// dialWith connects to addr, or to one of the addresses of its name. nil
// credentials are plain TCP.
func (p *Pool) dialWith(ctx context.Context, addr string, id uint64, creds *credentials) (*session, error) {
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
func (p *Pool) setUp(limited context.Context, addr, route string, id uint64, creds *credentials) (*session, error) {
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
		secured, err := creds.secure(limited, &metered{Conn: conn, in: &p.counts.bytesIn, out: &p.counts.bytesOut}, addr)
		if err != nil {
			_ = conn.Close()
			return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: expired(limited, err)}
		}
		conn = secured
	}
	s := p.newSession(context.WithoutCancel(limited), conn, addr, id)
	s.route = route
	s.conn.OnFault(s.cancel)
	untouched := s.conn.Signs.Read.Load()
	if err := s.greet(limited); err != nil {
		if hungUp(err) && s.conn.Signs.Read.Load() == untouched {
			err = stranger(addr, creds, err)
		}
		s.abort(err)
		return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: expired(limited, err)}
	}
	if secured, ok := conn.(*tlsConn); ok {
		secured.known.Store(true)
	}
	return s, nil
}

// newSession is a session over conn, without its mux yet.
func (p *Pool) newSession(ctx context.Context, conn net.Conn, addr string, id uint64) *session {
	in, out := &p.counts.bytesIn, &p.counts.bytesOut
	if _, counted := conn.(*tlsConn); counted {
		in, out = new(atomic.Uint64), new(atomic.Uint64) // of what is inside
	}
	s := &session{
		id: id, addr: addr, pool: p, crew: newCrew(),
		conn:     mux.New(conn, mux.Config{Origin: p.origin, In: in, Out: out, Violation: newViolation}),
		retiring: make(chan struct{}), deserted: make(chan struct{}), vacant: make(chan struct{}, 1), free: make(chan *lane, p.cfg.MaxIdleStreams),
	}
	s.conn.UseGroup(s.crew.join)
	s.slept.Store(int64(p.slept()))
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	return s
}

// abort ends a session that nobody was told of, and waits for its goroutines.
func (s *session) abort(why error) {
	s.cancel(why)
	if s.yamux != nil {
		_ = s.yamux.Close()
	}
	_ = s.conn.Close()
	s.crew.leave()
	<-s.crew.gone
}

// greet starts yamux and waits for the answer to a first ping.
func (s *session) greet(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	if err := s.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := s.conn.Write([]byte{wire.ModeMultiplexV2}); err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	session, err := mux.Client(s.conn, s.pool.muxing)
	if err != nil {
		return err
	}
	s.yamux = session
	answered := make(chan error, 1)
	s.crew.join(func() { answered <- s.firstPing() })
	select {
	case err := <-answered:
		if err != nil && session.IsClosed() {
			return s.conn.Ended(session) // why, where yamux only says that
		}
		return err
	case <-session.CloseChan():
		return s.conn.Ended(session)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// firstPing waits for the answer to a ping for as long as the session lives: yamux gives
// up sooner than a late dial.
func (s *session) firstPing() error {
	for {
		if _, err := s.yamux.Ping(); !errors.Is(err, mux.ErrPingTimeout) {
			return err
		}
	}
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
