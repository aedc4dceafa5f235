package session

import "github.com/open-nomad/rpcproxy/pool/internal/mux"

// resetStream ends a stream on both sides, whatever its peer does; what was not read yet
// is lost. It blocks while too many resets wait, at most until the session's end.
func (s *Session) resetStream(st mux.Stream) {
	s.conn.Reset(st.StreamID(), s.sendResets, s.ctx.Done())
}

// sendResets makes a frame go out and one come in, which resets go along with: one
// goroutine of the session pings until no reset waits.
func (s *Session) sendResets() {
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
