package pool

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// connection is a session and what the pool knows of it.
type connection struct {
	*session.Session
	conn        *mux.Conn
	route       string      // what was dialed: the server's address, or one of its name
	routeFailed atomic.Bool // that is noted
	leftNoted   bool        // Config.Down was told that the server is leaving; of the owner
	deserted    bool        // Config.Down was told that the server answers no calls; of the owner
}

// newConnection is a session over conn, on which nothing was sent yet.
func (p *Pool) newConnection(ctx context.Context, conn net.Conn, addr, route string, id uint64) *connection {
	in, out := &p.counts.BytesIn, &p.counts.BytesOut
	if _, counted := conn.(*tlsConn); counted {
		in, out = new(atomic.Uint64), new(atomic.Uint64) // of what is inside
	}
	shared := mux.New(conn, mux.Config{Origin: p.origin, In: in, Out: out, Violation: newViolation})
	return &connection{Session: session.New(ctx, p.sessions, shared, id, addr), conn: shared, route: route}
}

// sessionConfig is what the pool's sessions share.
func (p *Pool) sessionConfig() *session.Config {
	h := &p.cfg.Handlers
	cfg := &session.Config{
		Origin: p.origin, Logger: p.cfg.Logger, Counters: &p.counts.Counters,
		SilenceLimit: p.cfg.SilenceLimit, PingTimeout: p.cfg.PingTimeout,
		HoldTimeout: p.cfg.HoldTimeout, IdleTimeout: p.cfg.IdleTimeout,
		MaxIdleStreams: p.cfg.MaxIdleStreams, MaxReplyBytes: p.cfg.MaxReplyBytes,
		MaxReverseStreams: p.cfg.MaxReverseStreams, MaxRequestBytes: p.cfg.MaxRequestBytes,
		MaxReverseBytes: p.cfg.MaxReverseBytes,
		Codec:           coder{p.cfg.Codec}, Errors: sessionErrors{}, Notify: reports{p}, Usual: methodTimes{p},
		Handlers: session.Handlers{
			Call: func(method string) session.CallHandler { return h.Calls[method] },
			RPC:  h.RPC, Unknown: h.unknown,
			Stream: func(method string) session.StreamHandler { return h.stream(method) },
		},
	}
	if h.CallFor != nil {
		cfg.Handlers.CallFor = func(method string) session.CallHandler { return h.CallFor(method) }
	}
	return cfg
}

// failRoute notes, once, that the address failed that a session was dialed at.
func (p *Pool) failRoute(c *connection, why error) {
	if !core.LetGo(why) && c.routeFailed.CompareAndSwap(false, true) {
		p.resolver.Failed(c.Addr, c.route)
	}
}

// reports brings the reports of sessions to the owner, as session.Notify says. A full
// mailbox loses one that does not wait.
type reports struct{ pool *Pool }

func (r reports) try(m core.Message) bool { return r.pool.actor.TryTell(mail{Message: m}) == nil }

func (r reports) Overdue(addr string, id uint64) {
	r.try(core.Overdue{Addr: addr, Session: id})
}

func (r reports) Late(addr string, id uint64) { r.try(core.Late{Addr: addr, Session: id}) }

func (r reports) Unanswered(addr string, id uint64, since time.Time, silent bool, late time.Time) {
	r.try(core.Unanswered{Addr: addr, Session: id, Since: since, Silent: silent, Late: late})
}

func (r reports) Unopened(addr string, id uint64) bool {
	return r.try(core.Unopened{Addr: addr, Session: id})
}

func (r reports) Proven(addr string, id uint64) bool {
	return r.try(core.Proven{Addr: addr, Session: id})
}

func (r reports) Leaving(ctx context.Context, addr string, id uint64) {
	_ = r.pool.actor.Tell(ctx, mail{Message: core.Leaving{Addr: addr, Session: id}})
}

func (r reports) Drained(ctx context.Context, addr string, id uint64) {
	_ = r.pool.actor.Tell(ctx, mail{Message: core.Drained{Addr: addr, Session: id}})
}

// methodTimes is how long methods take, as session.Usual says.
type methodTimes struct{ pool *Pool }

func (t methodTimes) Late(addr, method string) time.Duration {
	return max(t.pool.usual.late(addr, method), t.pool.patient.late(addr, method))
}

func (t methodTimes) Answered(addr, method string, took time.Duration) {
	t.pool.usual.note(addr, method, took)
}

func (t methodTimes) Waited(addr, method string, waited time.Duration) {
	t.pool.patient.note(addr, method, waited)
}

// ask makes a Status.Ping on a session in a goroutine of its own.
func (o *owner) ask(e core.Ask) {
	s := o.live[e.Session]
	if s == nil {
		return
	}
	p := o.pool
	p.counts.asks.Add(1)
	o.self.Go(func(ctx context.Context) {
		err := s.Serves(ctx, &session.Request{
			Seq: p.counts.calls.Add(1), Method: session.PingMethod, Args: &emptyMap, Quiet: true,
		})
		_ = o.tell(ctx, mail{Message: core.Served{Addr: e.Addr, Session: e.Session, Err: err}})
	})
}

// desert has calls leave a session, after the pool's user was told of its server.
func (o *owner) desert(e core.Desert) {
	s := o.live[e.Session]
	if s == nil {
		return
	}
	o.pool.cfg.Logger.Debug().Str("server", s.Addr).Int64("on_it", s.InFlight()).Str("error", said{server: s.Addr}.text(e.Cause)).
		Msg("calls leave a session whose server answers none")
	o.judge(e.Addr, e.Session, e.Cause)
	s.deserted = true
	s.Desert(e.Cause)
}

// retire has a session take no new calls. Calls that move end with ErrMoved, unless the
// server has failed.
func (o *owner) retire(e core.Retire) {
	s := o.live[e.Session]
	if s == nil {
		return
	}
	moved := e.Cause
	if !errors.Is(moved, ErrNotServing) {
		moved = fmt.Errorf("%w: %w", ErrMoved, e.Cause)
	}
	if s.Retire(e.Cause, moved); errors.Is(e.Cause, ErrRenewed) {
		o.renewed(s.Addr)
	}
}
