package pool

import "github.com/open-nomad/rpcproxy/pool/internal/mux"

// reset ends a stream on both sides, whatever its peer does; what was not read yet is
// lost. It blocks while too many resets wait, at most until the session's end.
func (s *session) reset(st mux.Stream) {
	s.conn.Reset(st.StreamID(), s.provoke, s.ctx.Done())
}

// provoke makes a frame go out and one come in, so that resets are sent: one goroutine of
// the session pings until no reset waits.
func (s *session) provoke() {
	if !s.provoking.CompareAndSwap(false, true) {
		return
	}
	if !s.crew.join(func() {
		for s.conn.Resetting() && !s.over() {
			if _, err := s.yamux.Ping(); err != nil {
				break
			}
		}
		s.provoking.Store(false)
		if s.conn.Resetting() && !s.over() && s.ctx.Err() == nil {
			s.provoke() // one came while this one was leaving
		}
	}) {
		s.provoking.Store(false)
	}
}
