package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
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
func (p *Pool) reach(ctx context.Context, addr string, routes []string, id uint64, creds *credentials) (*session, error) {
	attempt := func(ctx context.Context, i int) (*session, error) {
		s, err := p.setUp(ctx, addr, routes[i], id, creds)
		if err != nil && !errors.Is(err, dialing.ErrLost) {
			p.resolver.Failed(addr, routes[i])
		}
		return s, err
	}
	if len(routes) == 1 {
		return attempt(ctx, 0)
	}
	s, failed := dialing.Race(ctx, len(routes), attempt, (*session).lose)
	if s != nil {
		return s, nil
	}
	return nil, beaten(addr, routes, failed)
}

// lose ends a session that came up when another had won.
func (s *session) lose() { s.abort(dialing.ErrLost) }

// setUp connects to the server addr at route, within a context that has a
// deadline, and makes sure that a server answers there: the kernel of a frozen
// host accepts connections too.
func (p *Pool) setUp(limited context.Context, addr, route string, id uint64, creds *credentials) (*session, error) {
	connecting, connected := dialing.Connecting(limited)
	defer connected()
	conn, err := p.cfg.Dial(connecting, "tcp", route)
	if err != nil {
		return nil, &DialError{Addr: addr, Phase: PhaseDial, Err: dialing.Reason(connecting, err)}
	}
	dialing.Connected(limited)
	p.reaching.add(addr, 1)
	defer p.reaching.add(addr, -1)
	conn = unblock(conn)
	if creds != nil {
		secured, err := creds.secure(limited, &metered{Conn: conn, in: &p.counts.bytesIn, out: &p.counts.bytesOut}, addr)
		if err != nil {
			_ = conn.Close()
			return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: dialing.Reason(limited, err)}
		}
		conn = secured
	}
	s := p.newSession(context.WithoutCancel(limited), conn, addr, id)
	s.route, s.tap.broken = route, s.cancel
	untouched := s.tap.lastRead.Load()
	if err := s.greet(limited); err != nil {
		if hungUp(err) && s.tap.lastRead.Load() == untouched {
			err = stranger(addr, creds, err)
		}
		s.abort(err)
		return nil, &DialError{Addr: addr, Phase: PhaseHandshake, Err: dialing.Reason(limited, err)}
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
		tap:      newTap(conn, p.origin, in, out),
		retiring: make(chan struct{}), deserted: make(chan struct{}), vacant: make(chan struct{}, 1), free: make(chan *lane, p.cfg.MaxIdleStreams),
	}
	s.tap.staff(s.crew.join)
	s.slept.Store(int64(p.slept()))
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	return s
}

// abort ends a session that nobody was told of, and waits for its goroutines.
func (s *session) abort(why error) {
	s.cancel(why)
	if s.mux != nil {
		_ = s.mux.Close()
	}
	_ = s.tap.Close()
	s.crew.leave()
	<-s.crew.gone
}

// greet starts yamux and waits for the answer to a first ping.
func (s *session) greet(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	if err := s.tap.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := s.tap.Write([]byte{wire.ModeMultiplexV2}); err != nil {
		return err
	}
	if err := s.tap.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	session, err := yamux.Client(s.tap, s.pool.muxing)
	if err != nil {
		return err
	}
	mux := yamuxSession{session}
	s.mux = mux
	answered := make(chan error, 1)
	s.crew.join(func() { answered <- s.firstPing(mux) })
	select {
	case err := <-answered:
		if err != nil && mux.IsClosed() {
			return s.ended() // why, where yamux only says that
		}
		return err
	case <-mux.CloseChan():
		return s.ended()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// firstPing waits for the answer to a ping for as long as the session lives: yamux gives
// up sooner than a late dial.
func (s *session) firstPing(m mux) error {
	for {
		if _, err := m.Ping(); !errors.Is(err, yamux.ErrTimeout) {
			return err
		}
	}
}

// muxConfig is yamux without its own keepalive and timers: who waits for what is
// decided here.
func muxConfig(write time.Duration) *yamux.Config {
	c := yamux.DefaultConfig()
	c.EnableKeepAlive = false
	c.StreamOpenTimeout = 0
	c.ConnectionWriteTimeout = max(write, 10*time.Second)
	c.LogOutput = io.Discard // the tap sees what yamux would log
	return c
}
