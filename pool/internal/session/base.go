package session

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// base is the part of a Session that its call streams and connections use.
type base struct {
	ID   uint64
	Addr string // of the server, as calls name it

	cfg   *Config
	conn  *mux.Conn
	yamux mux.Session // nil before Greet

	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	group  *group
	attendance

	calls    atomic.Int64  // and streams of either side, in flight; and the bits below
	outgoing atomic.Int64  // of these, the streaming calls of this side that were acknowledged
	engaged  atomic.Bool   // a method other than Status.Ping was called
	proven   atomic.Bool   // a call was answered, and Notify knows
	retiring chan struct{} // closed by Retire
	moved    error         // why calls that move end then; read after retiring
	deserted chan struct{} // closed by Desert
	unserved error         // why; read after deserted

	lastLeft  atomic.Int64 // when Unanswered was last reported for an answer that did not come, in nanoseconds from the origin
	path      pathMeter    // what the windows of replies should be
	unsent    atomic.Int64 // bytes of large requests that the server has not taken
	excused   atomic.Int64 // until when they may be on their way and nothing come in, in nanoseconds from the origin
	resetting atomic.Bool  // a goroutine pings so that resets are sent
}

// The bits of base.calls above the count.
const (
	retiredBit int64 = 1 << 62 // no further call
	shutBit    int64 = 1 << 61 // no further stream of the server's either: the session ends
)

// frameLimit is the largest body of a data frame: other senders come between two of them.
const frameLimit = 128 << 10

// maxAck bounds what precedes a streaming call, its header or its acknowledgement, in bytes.
const maxAck = 64 << 10

// InFlight is the calls and streams on the session.
func (s *base) InFlight() int64 { return s.calls.Load() &^ (retiredBit | shutBit) }

// Enter counts a call in, which Call or Open counts out, or else Leave must. It reports
// false if the session takes none.
func (s *base) Enter() bool {
	for n := s.calls.Load(); n&retiredBit == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// enterAny is Enter for what also a retired session takes.
func (s *base) enterAny() bool {
	for n := s.calls.Load(); n&shutBit == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// Leave counts a call or a stream out.
func (s *base) Leave() {
	if s.calls.Add(-1) == retiredBit {
		s.happens(eventDrained)
	}
}

// answered reports the first answer to a call.
func (s *base) answered() {
	if s.proven.Load() || !s.proven.CompareAndSwap(false, true) {
		return
	}
	if !s.cfg.Notify.TryTell(poolcore.Proven{Addr: s.Addr}) {
		s.proven.Store(false)
	}
}

// PingMethod is answered by any live server, also without a leader.
const PingMethod = "Status.Ping"

// engage notes that method is called on the session.
func (s *base) engage(method string) {
	if method != PingMethod && !s.engaged.Load() {
		s.engaged.Store(true)
	}
}

// Ended reports whether nothing can be carried any more.
func (s *base) Ended() bool { return s.ctx.Err() != nil || s.yamux.IsClosed() }

// Leaving reports whether the server takes no new stream here.
func (s *base) Leaving() bool { return s.conn.IsLeaving() }

// Cause is why the session has ended, or takes no call.
func (s *base) Cause() error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if s.Leaving() {
		return ErrLeaving
	}
	return s.conn.Ended(s.yamux)
}

// openStream opens a yamux stream, for which the caller has taken a token. It may block
// while the transport takes nothing: only goroutines of the session call it.
func (s *base) openStream() (mux.Stream, error) {
	st, err := s.yamux.Open()
	switch {
	case errors.Is(err, mux.ErrWriteTimeout):
		// The frame that opens it is still on its way out. No mode byte would follow it,
		// for which the server stops accepting.
		err = fmt.Errorf("the server took no new stream: %w", err)
		s.cancel(err)
		return nil, err
	case err != nil:
		s.conn.Opens.Return()
		return nil, s.transport(err)
	}
	s.cfg.Counters.Streams.Add(1)
	return st, nil
}

// transport is why the session has ended, or err if it lives.
func (s *base) transport(err error) error {
	if s.Ended() {
		return s.Cause()
	}
	return err
}

// reportUnopened reports streams that wait to be acknowledged, once until none waits.
func (s *base) reportUnopened() {
	o := &s.conn.Opens
	if o.Waiting() <= 0 || !o.Reported.CompareAndSwap(false, true) {
		return
	}
	if !s.cfg.Notify.TryTell(poolcore.Unopened{Session: s.ID}) || o.Waiting() <= 0 {
		// It is repeated; or the last one was acknowledged just before, and those that
		// follow would not be reported.
		o.Reported.Store(false)
	}
}

// overdue reports a session on which a call waits and nothing comes in, and returns after
// which time to look again.
func (s *base) overdue(probe bool) time.Duration {
	excused := time.Duration(s.excused.Load()) - s.cfg.now()
	again, overdue := poolcore.OverdueIn(s.conn.Silence(), s.cfg.SilenceLimit, excused)
	if overdue {
		s.cfg.Notify.TryTell(poolcore.Overdue{Session: s.ID, Probe: probe})
	}
	return again
}

// excuse excuses the session for as long as bytes of a streaming connection may take,
// with what else is on its way. When the server takes them is not known.
func (s *base) excuse(bytes int64) {
	until := int64(s.cfg.now() + onTheLine(s.unsent.Load()+bytes))
	for at := s.excused.Load(); at < until; at = s.excused.Load() {
		if s.excused.CompareAndSwap(at, until) {
			return
		}
	}
}

// resetStream ends a stream on both sides, whatever its peer does; what was not read yet
// is lost. It blocks while too many resets wait, at most until the session's end.
func (s *base) resetStream(st mux.Stream) {
	if whole, ok := st.(interface{ Reset() }); ok { // it is the connection
		whole.Reset()
		return
	}
	s.conn.Reset(st.StreamID(), s.sendResets, s.ctx.Done())
}

// sendResets makes a frame go out and one come in, which resets go along with: one
// goroutine of the session pings until no reset waits.
func (s *base) sendResets() {
	if !s.resetting.CompareAndSwap(false, true) {
		return
	}
	if !s.group.run(func() {
		for s.conn.Resetting() && !s.Ended() {
			if _, err := s.yamux.Ping(); err != nil {
				break
			}
		}
		s.resetting.Store(false)
		if s.conn.Resetting() && !s.Ended() && s.ctx.Err() == nil {
			s.sendResets() // one came while this goroutine was ending
		}
	}) {
		s.resetting.Store(false)
	}
}

// signal puts a token into c, which has room for one, unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
