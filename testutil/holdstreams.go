package testutil

// servesStreams waits while the server holds the streams that are opened. It answers
// false when the session has ended.
func (s *Server) servesStreams(ended <-chan struct{}) bool {
	for {
		now := s.faults.Load()
		if !now.holdsStreams() {
			return true
		}
		select {
		case <-now.changed:
		case <-ended:
			return false
		}
	}
}
