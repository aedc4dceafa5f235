package pool

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// session is one live connection to a server and the lanes on it. Any goroutine
// may use it; its keeper, the goroutine that dialed it, ends it.
type session struct {
	id          uint64
	addr        string
	route       string      // what was dialed for it: addr, or an address of its name
	routeFailed atomic.Bool // that is known to have failed
	mux         mux
	tap         *tap
	pool        *Pool

	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	crew   *crew

	calls    atomic.Int64  // and streams of either side, now; and the bits below
	peak     atomic.Int64  // most calls at once since the last trim
	engaged  atomic.Bool   // something else than a ping of ours was begun on it
	retiring chan struct{} // closed by retire
	why      error         // of retire; read after retiring
	vacant   chan struct{} // has room for one: retired, and the last call or stream has ended
	free     chan *lane    // idle lanes, each owned by who takes it
	deserted chan struct{} // closed by desert
	unserved error         // of desert; read after deserted
	leftLast atomic.Int64  // when a caller was told of that left unanswered, in nanoseconds from the pool's origin

	serving   atomic.Int64 // streams of the server
	served    atomic.Bool  // a call on it was answered, and the pool's owner knows
	accepted  atomic.Int64 // when the last of them was, in nanoseconds from the pool's origin; 0: never
	refusals  refusals
	parted    bool        // its server's farewell was told; the pool's owner sets it
	provoking atomic.Bool // somebody pings so that resets are sent

	verification atomic.Pointer[verification] // under way; nil: none
	laden, spare atomic.Int64                 // see load.go
	slept        atomic.Int64                 // Pool.slept when the server last proved to be there, in nanoseconds
}

// The bits of session.calls beside the count.
const (
	retired int64 = 1 << 62 // admits no further call
	shutOff int64 = 1 << 61 // admits no further stream of the server's either: it ends
)

// inFlight is the calls and streams on the session.
func (s *session) inFlight() int64 { return s.calls.Load() &^ (retired | shutOff) }

// enter counts a call in, or answers false if the session takes no more.
func (s *session) enter() bool {
	for n := s.calls.Load(); n&retired == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			if n+1 > s.peak.Load() {
				s.peak.Store(n + 1) // a lost race costs one warm lane
			}
			return true
		}
	}
	return false
}

// leave counts a call or a stream out.
func (s *session) leave() {
	if s.calls.Add(-1) == retired {
		signal(s.vacant)
	}
}

// proved tells the owner of the first answer to a call. A full mailbox loses it; the next
// answer tells it again.
func (s *session) proved() {
	if s.served.Load() || !s.served.CompareAndSwap(false, true) {
		return
	}
	if s.pool.actor.TryTell(mail{Message: core.Proven{Addr: s.addr, Session: s.id}}) != nil {
		s.served.Store(false)
	}
}

// retire admits no further call, and tells the calls that are to be made again
// elsewhere. Only the pool's owner calls it, once, and then shut.
func (s *session) retire(why error) {
	s.why = why
	s.calls.Or(retired)
	close(s.retiring)
}

// shut ends a retired session on which nothing is. If something has begun
// meanwhile, it is told to the owner when that has ended.
func (s *session) shut() {
	if s.calls.CompareAndSwap(retired, retired|shutOff) {
		s.cancel(s.why)
	}
}

// ping waits for the first inbound byte after now, provoked by a yamux ping. It
// ends with ctx or with the session.
func (s *session) ping(ctx context.Context) error {
	before := s.tap.lastRead.Load()
	answered := make(chan error, 1)
	if !s.crew.join(func() {
		_, err := s.mux.Ping()
		answered <- err
	}) {
		return s.cause()
	}
	select {
	case err := <-answered:
		if s.tap.lastRead.Load() != before {
			return nil // whatever came: the server is there
		}
		return err
	case <-s.ctx.Done():
		return s.cause()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// usage is what the owner needs to know to reap. The server's own pings, which
// never stop, are a sign of life and not use.
func (s *session) usage() core.Usage {
	return core.Usage{
		Busy:     s.inFlight() > 0,
		Used:     s.tap.origin.Add(time.Duration(s.tap.lastData.Load())),
		Accepted: s.lastAccepted(),
		Heard:    s.tap.origin.Add(time.Duration(s.tap.lastRead.Load())),
		Sending:  s.tap.origin.Add(time.Duration(s.spare.Load())),
		Answered: s.tap.origin.Add(time.Duration(s.tap.lastAnswered.Load())),
		Bulk:     s.tap.bulkAt(),
		Unopened: s.unopenedSince(),
		Pinged:   !s.engaged.Load() && s.accepted.Load() == 0,
	}
}

// engage takes note that method is called on the session.
func (s *session) engage(method string) {
	if method != pingMethod && !s.engaged.Load() {
		s.engaged.Store(true)
	}
}

// lastAccepted is when the server opened a stream last; zero: never.
func (s *session) lastAccepted() time.Time {
	if at := s.accepted.Load(); at != 0 {
		return s.pool.origin.Add(time.Duration(at))
	}
	return time.Time{}
}

// over says whether nothing can be carried any more.
func (s *session) over() bool {
	return s.ctx.Err() != nil || s.mux.IsClosed()
}

// leaving says whether the server takes no new stream here.
func (s *session) leaving() bool { return s.tap.leaving.Load() }

// cause is why the session is over, or takes no call.
func (s *session) cause() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if s.leaving() {
		return ErrLeaving
	}
	return s.ended()
}

// lane takes an idle lane or makes one, whose stream is not open yet.
func (s *session) lane() *lane {
	select {
	case l := <-s.free:
		return l
	default:
		return newLane(s)
	}
}

// put gives a lane back for the next call. A lane too many is given up.
func (s *session) put(l *lane) {
	if s.ctx.Err() != nil {
		l.discard()
		return
	}
	select {
	case s.free <- l:
	default:
		l.discard()
	}
}

// trim gives up the idle lanes that the busiest moment since the last trim did not
// need.
func (s *session) trim() {
	keep := s.peak.Swap(s.inFlight())
	for int64(len(s.free)) > keep {
		select {
		case l := <-s.free:
			l.discard()
		default:
			return
		}
	}
}

// keep waits for the session's end and cleans up behind it: it is the last of
// the session's goroutines to go. It answers why the session ended.
//
// ctx is the owner's: it ends when the pool is stopped. The session's own context
// does not come from it, so that its cause is always one of the pool's.
func (s *session) keep(ctx context.Context) error {
	farewell := s.tap.farewell
	for s.ctx.Err() == nil {
		select {
		case <-farewell:
			farewell = nil
			// It waits for room in the mailbox, but not beyond the owner's end.
			_ = s.pool.actor.Tell(ctx, mail{Message: core.Leaving{Addr: s.addr, Session: s.id}})
		case <-ctx.Done():
			s.cancel(ErrStopped)
		case <-s.mux.CloseChan():
			s.cancel(s.ended())
		case <-s.vacant:
			_ = s.pool.actor.Tell(ctx, mail{Message: core.Drained{Addr: s.addr, Session: s.id}})
		case <-s.ctx.Done():
		}
	}
	_ = s.mux.Close() // always nil; frees whoever is blocked in yamux
	s.crew.leave()
	<-s.crew.gone
	s.tap.forget()
	s.unstock()
	return s.cause()
}

// unstock lets go of the idle lanes of a session that is over.
func (s *session) unstock() {
	for {
		select {
		case <-s.free:
		default:
			return
		}
	}
}
