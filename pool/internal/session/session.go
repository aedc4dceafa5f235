package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// Session is one live connection to a server and the call streams on it. Any goroutine
// may use it; the one that made it must end it, with Run or Abort.
type Session struct {
	base
	retired error // why the session was retired
	idle    *idleStreams

	serving  atomic.Int64 // streams of the server
	requests atomic.Int64 // calls and streaming calls on them
	streams  *mux.Share   // of Config.Streams; nil: no bound
	accepted atomic.Int64 // when the server opened its last stream, in nanoseconds from the origin; 0: never
	refusals refusals

	verification atomic.Pointer[verification] // under way; nil: none
	slept        atomic.Int64                 // slept at the server's last proven sign of life, in nanoseconds
}

// New is a session over conn, numbered id, to the server at addr. It ends with ctx, and
// is of use after Greet. It owns conn.
func New(ctx context.Context, cfg *Config, conn *mux.Conn, id uint64, addr string) *Session {
	s := &Session{
		base: base{
			ID: id, Addr: addr, cfg: cfg, conn: conn, group: newGroup(),
			retiring: make(chan struct{}), deserted: make(chan struct{}),
		},
		idle: newIdleStreams(cfg.MaxIdleStreams),
	}
	if cfg.Streams != nil {
		s.streams = mux.NewShare(cfg.Streams)
	}
	s.slept.Store(int64(slept()))
	within, cancel := context.WithCancelCause(ctx)
	s.ctx, s.cancel = within, func(cause error) { cancel(cause); s.happens(eventEnded) }
	if ctx.Done() != nil {
		context.AfterFunc(within, func() { s.happens(eventEnded) })
	}
	conn.UseGroup(s.group.run)
	conn.OnLeaving(func() { s.happens(eventLeaving) })
	conn.OnClose(func() { s.happens(eventEnded) })
	conn.OnFault(s.cancel)
	conn.OnOverrun(s.overrun)
	return s
}

// Requests is how many calls and streaming calls of the peer are being served.
func (s *Session) Requests() int64 { return s.requests.Load() }

// Spawn runs f in a goroutine of the session, which Run waits for. It reports false, and
// runs nothing, if the session is over.
func (s *Session) Spawn(f func()) bool { return s.group.run(f) }

// Streams is how many streaming calls of this side, and how many streams of the peer, are open.
func (s *Session) Streams() (outgoing, incoming int64) { return s.outgoing.Load(), s.serving.Load() }

// Heard is when the last byte came in, but for pings of the peer's.
func (s *Session) Heard() time.Time { return s.cfg.Origin.Add(time.Duration(s.conn.Signs.Read.Load())) }

// Silent reports whether calls wait and nothing has come in for Config.SilenceLimit.
func (s *Session) Silent() bool { return s.InFlight() > 0 && s.conn.Silence() >= s.cfg.SilenceLimit }

// Deserted reports whether Desert was called.
func (s *Session) Deserted() bool { return closed(s.deserted) }

// Retired reports whether the session takes no further call.
func (s *Session) Retired() bool { return s.calls.Load()&retiredBit != 0 }

// closed reports whether c is.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// IdleStreams is the streams that are kept for the next calls.
func (s *Session) IdleStreams() int { return s.idle.waiting() }

// Retire admits no further call, and ends those that move, with moved. Only one goroutine
// may call Retire and Shut, Retire once and first.
func (s *Session) Retire(why, moved error) {
	s.retired, s.moved = why, moved
	s.calls.Or(retiredBit)
	close(s.retiring)
}

// Shut ends a retired session on which nothing is in flight. If something has begun
// meanwhile, poolcore.Drained is reported when that has ended.
func (s *Session) Shut() {
	if s.calls.CompareAndSwap(retiredBit, retiredBit|shutBit) {
		s.cancel(s.retired)
	}
}

// Desert ends the calls that can be made elsewhere, and the streams that are not open
// yet, with why. It may be called once.
func (s *Session) Desert(why error) {
	s.unserved = why
	close(s.deserted)
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.ctx.Done() }

// End ends the session and what is on it.
func (s *Session) End(why error) { s.cancel(why) }

// Usage is how the session is used now.
func (s *Session) Usage() poolcore.Usage {
	at := func(since *atomic.Int64) time.Time { return s.cfg.Origin.Add(time.Duration(since.Load())) }
	signs := &s.conn.Signs
	u := poolcore.Usage{
		Busy: s.InFlight() > 0, Used: at(&signs.Data), Heard: at(&signs.Read),
		Sending: at(&s.excused), Answered: at(&signs.Answered),
		Pinged:  !s.engaged.Load() && s.accepted.Load() == 0,
		Surplus: s.idle.surplus.Load(),
	}
	if signs.Bulk.Load() != 0 {
		u.Bulk = at(&signs.Bulk)
	}
	if s.accepted.Load() != 0 {
		u.Accepted = at(&s.accepted)
	}
	if s.conn.Opens.Waiting() > 0 {
		u.Unopened = s.cfg.Origin.Add(s.conn.Opens.Since())
	}
	return u
}

// Trim closes some of the idle streams that were not needed of late. Only one goroutine may
// call it.
func (s *Session) Trim() { s.idle.trim(&s.base) }
