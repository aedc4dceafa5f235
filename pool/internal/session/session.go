package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// Session is one live connection to a server and the call streams on it. Any goroutine
// may use it; the one that made it must end it, with Run or Abort.
type Session struct {
	ID   uint64
	Addr string // of the server, as calls name it

	cfg   *Config
	conn  *mux.Conn
	yamux mux.Session // nil before Greet

	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	group  *group

	calls    atomic.Int64  // and streams of either side, in flight; and the bits below
	peak     atomic.Int64  // most calls at once since the last Trim
	engaged  atomic.Bool   // a method other than Status.Ping was called
	retiring chan struct{} // closed by Retire
	retired  error         // why; read after retiring
	moved    error         // of calls that move then
	drained  chan struct{} // has room for one: retired, and the last call or stream has ended
	idle     chan *callStream

	deserted chan struct{} // closed by Desert
	unserved error         // why; read after deserted
	lastLeft atomic.Int64  // when Unanswered was last reported for an answer that did not come, in nanoseconds from the origin

	serving   atomic.Int64 // streams of the server
	proven    atomic.Bool  // a call was answered, and Notify knows
	accepted  atomic.Int64 // when the server opened its last stream, in nanoseconds from the origin; 0: never
	refusals  refusals
	resetting atomic.Bool // a goroutine pings so that resets are sent

	verification atomic.Pointer[verification] // under way; nil: none
	unsent       atomic.Int64                 // bytes of large requests that the server has not taken
	excused      atomic.Int64                 // until when they may be on their way and nothing come in, in nanoseconds from the origin
	slept        atomic.Int64                 // Config.slept at the server's last proven sign of life, in nanoseconds
}

// The bits of Session.calls beside the count.
const (
	retiredBit int64 = 1 << 62 // no further call
	shutBit    int64 = 1 << 61 // no further stream of the server's either: the session ends
)

// New is a session over conn, numbered id, to the server at addr. It ends with ctx, and
// is of use after Greet. It owns conn.
func New(ctx context.Context, cfg *Config, conn *mux.Conn, id uint64, addr string) *Session {
	s := &Session{
		ID: id, Addr: addr, cfg: cfg, conn: conn, group: newGroup(),
		retiring: make(chan struct{}), deserted: make(chan struct{}), drained: make(chan struct{}, 1),
		idle: make(chan *callStream, cfg.MaxIdleStreams),
	}
	s.slept.Store(int64(cfg.slept()))
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	conn.UseGroup(s.group.run)
	conn.OnFault(s.cancel)
	return s
}

// InFlight is the calls and streams on the session.
func (s *Session) InFlight() int64 { return s.calls.Load() &^ (retiredBit | shutBit) }

// IdleStreams is the streams that are kept for the next calls.
func (s *Session) IdleStreams() int { return len(s.idle) }

// Enter counts a call in, which Call or Open counts out, or else Leave must. It reports
// false if the session takes none.
func (s *Session) Enter() bool {
	for n := s.calls.Load(); n&retiredBit == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			if n+1 > s.peak.Load() {
				s.peak.Store(n + 1) // a lost race costs one idle stream
			}
			return true
		}
	}
	return false
}

// enterAny is Enter for what also a retired session takes.
func (s *Session) enterAny() bool {
	for n := s.calls.Load(); n&shutBit == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// Leave counts a call or a stream out.
func (s *Session) Leave() {
	if s.calls.Add(-1) == retiredBit {
		signal(s.drained)
	}
}

// answered reports the first answer to a call.
func (s *Session) answered() {
	if s.proven.Load() || !s.proven.CompareAndSwap(false, true) {
		return
	}
	if !s.cfg.Notify.Proven(s) {
		s.proven.Store(false)
	}
}

// Retire admits no further call, and ends those that move, with moved. Only one goroutine
// may call Retire and Shut, Retire once and first.
func (s *Session) Retire(why, moved error) {
	s.retired, s.moved = why, moved
	s.calls.Or(retiredBit)
	close(s.retiring)
}

// Shut ends a retired session on which nothing is in flight. If something has begun
// meanwhile, Notify.Drained follows when that has ended.
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

// End ends the session and what is on it.
func (s *Session) End(why error) { s.cancel(why) }

// Usage is how the session is used now.
func (s *Session) Usage() core.Usage {
	at := func(since *atomic.Int64) time.Time { return s.cfg.Origin.Add(time.Duration(since.Load())) }
	signs := &s.conn.Signs
	u := core.Usage{
		Busy: s.InFlight() > 0, Used: at(&signs.Data), Heard: at(&signs.Read),
		Sending: at(&s.excused), Answered: at(&signs.Answered),
		Pinged: !s.engaged.Load() && s.accepted.Load() == 0,
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

// PingMethod is answered by any live server, also without a leader.
const PingMethod = "Status.Ping"

// engage notes that method is called on the session.
func (s *Session) engage(method string) {
	if method != PingMethod && !s.engaged.Load() {
		s.engaged.Store(true)
	}
}

// Ended reports whether nothing can be carried any more.
func (s *Session) Ended() bool { return s.ctx.Err() != nil || s.yamux.IsClosed() }

// Leaving reports whether the server takes no new stream here.
func (s *Session) Leaving() bool { return s.conn.IsLeaving() }

// Cause is why the session has ended, or takes no call.
func (s *Session) Cause() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if s.Leaving() {
		return ErrLeaving
	}
	return s.conn.Ended(s.yamux)
}

// callStream takes an idle call stream or makes one, whose stream is not open yet.
func (s *Session) callStream() *callStream {
	select {
	case l := <-s.idle:
		return l
	default:
		return newCallStream(s)
	}
}

// put keeps a call stream for the next call, or discards it if there are enough.
func (s *Session) put(l *callStream) {
	if s.ctx.Err() != nil {
		l.discard()
		return
	}
	select {
	case s.idle <- l:
	default:
		l.discard()
	}
}

// Trim discards the idle streams that the busiest moment since the last Trim did not need.
func (s *Session) Trim() {
	needed := s.peak.Swap(s.InFlight())
	for int64(len(s.idle)) > needed {
		select {
		case l := <-s.idle:
			l.discard()
		default:
			return
		}
	}
}

// signal puts a token into c, which has room for one, unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
