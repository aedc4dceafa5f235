package sidecar

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/proxy"
)

// agent is one connection of an agent. It is an accept.Relay.
type agent struct {
	side      *Sidecar
	session   *accept.Session
	tenant    *proxy.Tenant // carries its calls
	advertise string        // where it finds the sidecar

	life     context.Context // of its calls: until they are drained
	end      context.CancelFunc
	blocking atomic.Int64 // blocking queries under way
	ttl      atomic.Int64 // until when the last heartbeat holds, since side.began; 0: unknown
}

// serve serves one connection until it has ended. known is called once it is known what it
// carries.
func (s *Sidecar) serve(ctx context.Context, conn net.Conn, known func(*agent)) {
	if err := s.admit(conn); err != nil {
		s.refused(conn, reasonNotAdmitted, err)
		return
	}
	g, err := s.acceptor.Greet(ctx, conn)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
			s.refused(conn, reasonGreeting, err)
		}
		return
	}
	a := &agent{side: s, tenant: s.common, advertise: s.advertised(conn)}
	a.life, a.end = context.WithCancel(context.Background())
	defer a.end()
	if g.Kind != accept.Streaming {
		if a.tenant, err = s.proxy.NewTenant(a.handlers()); err != nil {
			_ = conn.Close()
			return // the proxy has ended
		}
		s.counts.tenants.Add(1)
		defer s.counts.tenants.Add(-1)
		defer func() {
			stopping, stop := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
			defer stop()
			_ = a.tenant.Stop(stopping) // its goroutines end by themselves
		}()
	}
	if a.session, err = s.acceptor.Serve(g, a); err != nil {
		s.refused(conn, reasonGreeting, err)
		return
	}
	known(a)
	a.run(ctx, conn)
}

// run serves the session. The calls that run at its end go on for a while: servers may have
// them already, and they may be answered.
func (a *agent) run(ctx context.Context, conn net.Conn) {
	s, over := a.side, make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-a.session.Done():
		case <-over:
			return
		}
		drained := time.NewTimer(s.cfg.DrainTimeout)
		defer drained.Stop()
		select {
		case <-drained.C:
		case <-ctx.Done():
		case <-over:
		}
		a.end()
	}()
	s.log.Debug().Stringer("agent", conn.RemoteAddr()).Msg("agent connected")
	err := a.session.Run(ctx)
	s.log.Debug().Stringer("agent", conn.RemoteAddr()).Err(err).Msg("agent left")
}

// busy reports whether calls or streams are under way that Stop waits for.
func (a *agent) busy() bool { return a.session.Requests() > a.blocking.Load() }

// Call carries one call of the agent's to the servers.
func (a *agent) Call(ctx context.Context, method string, args pool.Raw) (reply pool.Raw, err error) {
	if pool.BlockTime(args) > 0 {
		a.blocking.Add(1)
		defer a.blocking.Add(-1)
	} else {
		ctx = a.life
	}
	switch method {
	case "Node.Register", "Node.UpdateStatus":
		reply, err = a.heartbeat(ctx, method, args)
	default:
		err = a.tenant.Call(ctx, method, args, &reply)
	}
	if err != nil {
		return nil, a.refusal(err)
	}
	return reply, nil
}

// Open opens a streaming call of the agent's on a server.
func (a *agent) Open(ctx context.Context, method string) (accept.Stream, error) {
	up, err := a.tenant.Stream(ctx, method)
	if err != nil {
		return nil, a.refusal(err)
	}
	return func(_ context.Context, down net.Conn) { join(down, up) }, nil
}
