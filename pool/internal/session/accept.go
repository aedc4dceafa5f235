package pool

import (
	"io"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// listen readies the session for streams in both directions and accepts those of
// the server. It comes before the session can be found, so that a server which
// learns of the session by its first call is heard.
func (s *session) listen() { s.crew.join(s.accept) }

// accept takes the streams that the server opens until the session is over. It
// waits for none of them: a stream that says nothing, or a handler that is stuck,
// holds up nobody else.
func (s *session) accept() {
	for {
		st, err := s.yamux.Accept()
		if err != nil {
			if s.over() {
				return
			}
			continue // the transport was stuck, for as long as yamux waits
		}
		s.pool.counts.accepted.Add(1)
		if !s.admit() {
			if s.calls.Load()&shutOff == 0 {
				s.pool.counts.refused.Add(1)
				s.refused("the server has too many streams open")
			}
			s.reset(st)
			continue
		}
		if !s.crew.join(func() { s.serve(st) }) {
			s.dismiss()
			return
		}
	}
}

// admit counts one of the server's streams in, whether the session is retired or
// not. It answers false where there are too many, or where the session is ending.
func (s *session) admit() bool {
	if s.serving.Add(1) > int64(s.pool.cfg.MaxReverseStreams) {
		s.serving.Add(-1)
		return false
	}
	for n := s.calls.Load(); n&shutOff == 0; n = s.calls.Load() {
		if s.calls.CompareAndSwap(n, n+1) {
			s.accepted.Store(max(int64(time.Since(s.pool.origin)), 1))
			return true
		}
	}
	s.serving.Add(-1)
	return false
}

// dismiss counts one of the server's streams out.
func (s *session) dismiss() {
	s.serving.Add(-1)
	s.leave()
}

// serve serves one stream, in a goroutine of its own.
func (s *session) serve(st mux.Stream) {
	c := s.newConn(st, nil, s.dismiss)
	defer func() { _ = c.Close() }() // also when a handler has closed it
	defer func() {
		if cause := recover(); cause != nil {
			s.pool.cfg.Logger.Error().Str("server", s.addr).Interface("panic", cause).
				Bytes("stack", debug.Stack()).Msg("a handler panicked; its stream is closed")
		}
	}()
	w := &words{conn: c, pause: firstWords}
	var mode [1]byte
	if _, err := io.ReadFull(w, mode[:]); err != nil {
		return
	}
	switch mode[0] {
	case wire.ModeRPC:
		s.serveCalls(w)
	case wire.ModeStreaming:
		s.serveStream(w)
	default:
		s.pool.cfg.Logger.Warn().Str("server", s.addr).Uint8("mode", mode[0]).Msg("server opened a stream of an unknown mode")
	}
}

// serveStream acknowledges a streaming call and runs its handler.
func (s *session) serveStream(w *words) {
	c, r := w.conn, wire.NewReader(w)
	raw, err := r.Value(maxAck)
	if err != nil {
		return
	}
	method, err := wire.NewDecoder().Stream(raw)
	if err != nil {
		return
	}
	s.pool.counts.reverseStreams.Add(1)
	handler := s.pool.cfg.Handlers.stream(method)
	text := ""
	if handler == nil {
		text = "Unknown rpc method: \"" + method + "\""
	}
	if _, err := c.Write(wire.AppendAck(nil, text)); err != nil || handler == nil {
		return
	}
	if rest := r.Rest(); len(rest) > 0 {
		c.rest.Store(&rest)
	}
	_ = c.SetDeadline(time.Time{}) // fails where reading does
	if err := handler(s.ctx, c); err != nil {
		// A handler that left a deadline behind must still be able to say so.
		_ = c.SetWriteDeadline(time.Now().Add(s.pool.cfg.HoldTimeout))
		_ = writeFailure(c, err) // or the one who asked has left
	}
}

// refusals are what one session refused of its server, for a line in the log now and
// then.
type refusals struct {
	untold atomic.Uint64
	told   atomic.Int64 // when the last line was written, in nanoseconds from the pool's origin; 0: never
}

// refusalsTold is the least time between two such lines.
const refusalsTold = time.Minute

// refused counts what was refused, and logs it if that was not done lately. It does
// not wait for the log.
func (s *session) refused(why string) {
	r := &s.refusals
	r.untold.Add(1)
	now, last := max(int64(time.Since(s.pool.origin)), 1), r.told.Load()
	if last != 0 && now-last < int64(refusalsTold) || !r.told.CompareAndSwap(last, now) {
		return
	}
	n := r.untold.Swap(0)
	s.crew.join(func() {
		s.pool.cfg.Logger.Warn().Str("server", s.addr).Str("why", why).Uint64("refused", n).
			Msg("streams or requests of a server were refused")
	})
}
