package pool

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// session is one live connection to a server and the lanes on it. Any goroutine
// may use it; its keeper, the goroutine that dialed it, ends it.
type session struct {
	id   uint64
	addr string
	mux  mux
	tap  *tap
	pool *Pool

	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	crew   *crew

	calls   atomic.Int64  // in flight, and the bits below
	peak    atomic.Int64  // most calls at once since the last trim
	adrift  atomic.Int64  // openings that nobody waits for
	drained chan struct{} // closed when retired and no call is left
	why     error         // of retire; read after drained
	free    chan *lane    // idle lanes, each owned by who takes it

	streaming  context.Context // of the streams that are conns; ends with the session, or when it has drained for too long
	endStreams context.CancelCauseFunc
	serving    atomic.Int64 // streams of the server
	provoking  atomic.Bool  // somebody pings so that resets are sent
}

// The bits of session.calls beside the count. A session is over when only retired
// is left.
const (
	retired int64 = 1 << 62 // admits no further call
	staying int64 = 1 << 61 // and yet goes on without one, for the server's sake
)

// inFlight is the calls and streams on the session.
func (s *session) inFlight() int64 { return s.calls.Load() &^ (retired | staying) }

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

// leave counts a call out.
func (s *session) leave() {
	if s.calls.Add(-1) == retired {
		close(s.drained)
	}
}

// retire admits no further call and ends the session once the last has left; one
// that stays does not end before release. Only the pool's owner calls these four.
func (s *session) retire(why error, stays bool) {
	s.why = why
	bits := retired
	if stays {
		bits |= staying
	}
	if s.calls.Or(bits) == 0 && !stays {
		close(s.drained)
	}
}

// release has a session that stays end like another.
func (s *session) release() {
	if s.calls.And(^staying) == retired|staying {
		close(s.drained)
	}
}

// expel ends the streams of a retired session, in both directions, for good. Calls
// end by themselves.
func (s *session) expel() {
	s.endStreams(ErrDrained)
	s.release()
}

// readmit takes a session that stays back into use.
func (s *session) readmit() { s.calls.And(^(retired | staying)) }

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
func (s *session) usage() usage {
	return usage{
		busy:  s.inFlight() > 0,
		used:  s.tap.origin.Add(time.Duration(s.tap.lastData.Load())),
		heard: s.tap.origin.Add(time.Duration(s.tap.lastRead.Load())),
	}
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
		l.discard(func() {})
		return
	}
	select {
	case s.free <- l:
	default:
		l.discard(func() {})
	}
}

// trim gives up the idle lanes that the busiest moment since the last trim did not
// need.
func (s *session) trim() {
	keep := s.peak.Swap(s.inFlight())
	for int64(len(s.free)) > keep {
		select {
		case l := <-s.free:
			l.discard(func() {})
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
			_ = s.pool.actor.Tell(ctx, mail{Pool: messages.Leaving{Addr: s.addr, Session: s.id}})
		case <-ctx.Done():
			s.cancel(ErrStopped)
		case <-s.mux.CloseChan():
			s.cancel(s.ended())
		case <-s.drained:
			s.cancel(s.why)
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
